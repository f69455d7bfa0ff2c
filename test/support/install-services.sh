#!/usr/bin/env bash
# Installs what slow tests start: Debian's PostgreSQL and nginx, as root, and moto's S3 server from PyPI.
# Without them those tests are skipped. services.mjs finds them.
set -uo pipefail
shopt -s nullglob
found=(/usr/lib/postgresql/*/bin/initdb)
if [ ${#found[@]} = 0 ] && ! command -v initdb >/dev/null; then
  { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -qq -y postgresql; } \
    || echo 'PostgreSQL could not be installed: its tests will be skipped.'
fi
moto="${XDG_CACHE_HOME:-$HOME/.cache}/loreweave/moto-5.2.5"
if [ ! -x "$moto/bin/moto_server" ]; then
  { python3 -m venv "$moto" && "$moto/bin/pip" install -qq 'moto[server]==5.2.5'; } \
    || { rm -rf "$moto"; echo 'moto could not be installed: the tests of S3 will be skipped.'; }
fi
if ! command -v nginx >/dev/null; then
  { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -qq -y nginx-light; } \
    || echo 'nginx could not be installed: its tests will be skipped.'
fi
