#!/usr/bin/env bash
# SQLite 3.40 to 3.53 with `secure_delete = ON`: a row that is deleted is overwritten, but a copy of it can stay. When deletes leave a
# page nearly empty, its neighbours' rows move to other pages, and the places they moved from keep their bytes until something else
# lies there. Whichever of them is deleted later is still in the file. Expected, from the name: no deleted text in the file. Here:
# a few in ten thousand deleted rows, found with `grep` after a checkpoint. A row that is overwritten with as many zero bytes instead
# stays where it is and leaves nothing, and VACUUM removes what is left of both. Fails when that changes.
set -euo pipefail
python3 - <<'PY'
import os, random, re, sqlite3, sys, tempfile

def leftovers(erase, seed):
    """Rows whose text is still in the file after all of them were erased, before and after VACUUM."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'a.db')
        db = sqlite3.connect(path, isolation_level=None)
        for pragma in ('journal_mode = WAL', 'secure_delete = ON', 'temp_store = MEMORY'):
            db.execute(f'PRAGMA {pragma}')
        db.execute('CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL)')
        db.execute('BEGIN')
        for i in range(1, 4001):
            db.execute('INSERT INTO texts VALUES (?, ?)', (i, f'word{i:06}. ' * (1 + int(900 * rng.random() ** 4))))
        db.execute('COMMIT')
        erased = []
        db.execute('BEGIN')
        for first in rng.sample(range(1, 4001, 5), 500):
            rows = range(first, first + 5)
            erased += rows
            db.executemany(erase, [(i,) for i in rows])
        db.execute('COMMIT')
        def count():
            db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
            with open(path, 'rb') as file:
                found = {int(n) for n in re.findall(rb'word(\d{6})', file.read())}
            return len(found.intersection(erased))
        before = count()
        db.execute('VACUUM')
        after = count()
        db.close()
        return before, after

def total(erase):
    results = [leftovers(erase, seed) for seed in range(8)]
    return [sum(column) for column in zip(*results)]

deleted = total('DELETE FROM texts WHERE id = ?')
overwritten = total('UPDATE texts SET text = zeroblob(length(CAST(text AS BLOB))) WHERE id = ?')
print(f'SQLite {sqlite3.sqlite_version}, 20000 rows: {deleted[0]} left of those deleted, {overwritten[0]} of those overwritten;')
print(f'after VACUUM {deleted[1]} and {overwritten[1]}')
sys.exit(0 if deleted[0] > 0 and deleted[1] == 0 and overwritten == [0, 0] else 1)
PY
