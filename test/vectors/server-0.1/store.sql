CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
  hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, device_id TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE devices (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, public_key TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL, last_seen_at INTEGER
) STRICT;
CREATE TABLE nonces (
  device_id TEXT NOT NULL, nonce TEXT NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (device_id, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_by_expiry ON nonces (expires_at);
CREATE TABLE lines (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL) STRICT;
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE TABLE idempotency (
  key TEXT PRIMARY KEY, request_hash TEXT NOT NULL, job_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rounds (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX rounds_by_job ON rounds (job_id, number);
CREATE TABLE members (
  round_id TEXT NOT NULL, device_id TEXT NOT NULL, digest TEXT, PRIMARY KEY (round_id, device_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE releases (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL
) STRICT;
INSERT INTO settings VALUES ('upload-key', 'mp2pth3Alk4OwPtyr1cl0XsclEahIN4Kl-iOZXSpe2Y');
INSERT INTO tokens VALUES ('0526f2de5055f935f16882ffcb8ff701b926d74affd06ca62957d58bc03c91ca', 1700604800000, '24599eff4fa2af4a8a3aa40883151ac3');
INSERT INTO tokens VALUES ('324970df343b14b51801a99a484d82f9ff93ced6fb1f665e14e7163214d959c3', 1700604800000, NULL);
INSERT INTO tokens VALUES ('c19afcfa995640d1d5de6efa57cf8b271d4b552dc232fa7214f0a0a1440daf1f', 1700604800000, 'f9d266d2c5d703be9b415635d8ea7950');
INSERT INTO devices VALUES (1, '24599eff4fa2af4a8a3aa40883151ac3', 'HS9vp7oyoLboP4aWKp5iSWXlLR43GyN7LhyHkkVO1Mc', 1700000000000, 1700000001000);
INSERT INTO devices VALUES (2, 'f9d266d2c5d703be9b415635d8ea7950', '3dGBKix7m4_gJ2_fcX5cwdsq6LmPvu641VvwXuxqaUc', 1700000000000, 1700000001000);
INSERT INTO nonces VALUES ('24599eff4fa2af4a8a3aa40883151ac3', 'nonce-of-24599eff4fa2af4a-0', 1700000301000);
INSERT INTO nonces VALUES ('24599eff4fa2af4a8a3aa40883151ac3', 'nonce-of-24599eff4fa2af4a-1', 1700000301000);
INSERT INTO nonces VALUES ('24599eff4fa2af4a8a3aa40883151ac3', 'nonce-of-24599eff4fa2af4a-2', 1700000301000);
INSERT INTO nonces VALUES ('f9d266d2c5d703be9b415635d8ea7950', 'nonce-of-f9d266d2c5d703be-0', 1700000301000);
INSERT INTO nonces VALUES ('f9d266d2c5d703be9b415635d8ea7950', 'nonce-of-f9d266d2c5d703be-1', 1700000301000);
INSERT INTO nonces VALUES ('f9d266d2c5d703be9b415635d8ea7950', 'nonce-of-f9d266d2c5d703be-2', 1700000301000);
INSERT INTO nonces VALUES ('24599eff4fa2af4a8a3aa40883151ac3', 'nonce-of-24599eff4fa2af4a-3', 1700000302000);
INSERT INTO nonces VALUES ('24599eff4fa2af4a8a3aa40883151ac3', 'nonce-of-24599eff4fa2af4a-4', 1700000302000);
INSERT INTO nonces VALUES ('f9d266d2c5d703be9b415635d8ea7950', 'nonce-of-f9d266d2c5d703be-3', 1700000302000);
INSERT INTO lines VALUES (1, 'df3b3292d70a10473691a5db9731605d', '{"id":"df3b3292d70a10473691a5db9731605d","base":{"name":"tiny","weights":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tokenizer":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","shape":{"layers":2,"hidden":8,"heads":2,"kvHeads":1,"headDim":4,"ffn":16,"vocab":32}},"features":{"pooled":0,"named":["length","lists","bold"]},"head":"1e87b99a66756fb1b9bcdb8aa30990d659fdae6f6b84e986e7bccc3273032542","updatedAt":1700000000000}');
INSERT INTO lines VALUES (2, '671c6f9638d2da3f7b267ab906077e1f', '{"id":"671c6f9638d2da3f7b267ab906077e1f","base":{"name":"tiny","weights":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tokenizer":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","shape":{"layers":2,"hidden":8,"heads":2,"kvHeads":1,"headDim":4,"ffn":16,"vocab":32}},"features":{"pooled":0,"named":["length","lists","bold"]},"head":"96ce1be30284579cfaffecd2f0f9299c4f1c3f2017c43c0e3a82c5012e5be0ec","updatedAt":1700000000000}');
INSERT INTO jobs VALUES (1, 'job-3ef2c9dafed83c2c85f2', 'running', '{"id":"job-3ef2c9dafed83c2c85f2","lineId":"df3b3292d70a10473691a5db9731605d","spec":{"name":"tiny","purpose":"personalization","base":{"name":"tiny","weights":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tokenizer":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","shape":{"layers":2,"hidden":8,"heads":2,"kvHeads":1,"headDim":4,"ffn":16,"vocab":32}},"adapter":{"firstLayer":0,"endLayer":2,"modules":["q","v"],"rank":2,"alpha":4},"exitLayer":2,"features":{"pooled":0,"named":["length","lists","bold"]},"contributions":["adapter","prior","statistics"],"strategy":"alternating","rounds":3,"cohort":{"size":2,"goal":2,"minimum":1,"deadlineMs":3600000,"retries":2,"choices":"1-9"},"training":{"epochs":1,"learningRate":0.001,"maxPairs":64,"batchPairs":4,"maxTokens":384,"clipNorm":1,"updateNorm":10},"prior":{"initialVariance":2,"shrinkage":10,"directions":32},"seed":0},"state":"running","reason":null,"createdAt":1700000000000,"endedAt":null,"released":1,"failures":0}');
INSERT INTO jobs VALUES (2, 'job-9ab359db0bd93bec1945', 'failed', '{"id":"job-9ab359db0bd93bec1945","lineId":"671c6f9638d2da3f7b267ab906077e1f","spec":{"name":"failing","purpose":"personalization","base":{"name":"tiny","weights":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tokenizer":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","shape":{"layers":2,"hidden":8,"heads":2,"kvHeads":1,"headDim":4,"ffn":16,"vocab":32}},"adapter":{"firstLayer":0,"endLayer":1,"modules":["q"],"rank":2,"alpha":4},"exitLayer":1,"features":{"pooled":0,"named":["length","lists","bold"]},"contributions":["adapter","prior","statistics"],"strategy":"alternating","rounds":1,"cohort":{"size":1,"goal":1,"minimum":1,"deadlineMs":1000,"retries":0,"choices":"1-9"},"training":{"epochs":1,"learningRate":0.001,"maxPairs":64,"batchPairs":4,"maxTokens":384,"clipNorm":1,"updateNorm":10},"prior":{"initialVariance":2,"shrinkage":10,"directions":32},"seed":0},"state":"failed","reason":"round 0 failed 1 times, last because 0 of at least 1 updates came before the deadline","createdAt":1700000000000,"endedAt":1700000001000,"released":0,"failures":1}');
INSERT INTO idempotency VALUES ('the-key-of-before', '91ffed2f87926029189958ddf3b4b4883bfcfafd9c8ee2c8a71ebe85e0e39baf', 'job-3ef2c9dafed83c2c85f2');
INSERT INTO rounds VALUES (1, 'round-761918bea3fbafd5b5d8', 'job-3ef2c9dafed83c2c85f2', '{"id":"round-761918bea3fbafd5b5d8","jobId":"job-3ef2c9dafed83c2c85f2","index":0,"attempt":0,"phase":"released","factor":"B","parent":"f5316eb10acc2f6787b11f49d02b692d251b2d74db4fc89ae1588944dbbbad1d","basisEpoch":0,"assigned":2,"received":2,"openedAt":1700000000000,"deadlineAt":1700003600000,"closedAt":1700000000000,"reason":null,"release":"1e87b99a66756fb1b9bcdb8aa30990d659fdae6f6b84e986e7bccc3273032542"}');
INSERT INTO rounds VALUES (2, 'round-bc3967db4c0c2eb662b6', 'job-9ab359db0bd93bec1945', '{"id":"round-bc3967db4c0c2eb662b6","jobId":"job-9ab359db0bd93bec1945","index":0,"attempt":0,"phase":"abandoned","factor":"B","parent":"96ce1be30284579cfaffecd2f0f9299c4f1c3f2017c43c0e3a82c5012e5be0ec","basisEpoch":0,"assigned":0,"received":0,"openedAt":1700000000000,"deadlineAt":1700000001000,"closedAt":1700000001000,"reason":"0 of at least 1 updates came before the deadline","release":null}');
INSERT INTO rounds VALUES (3, 'round-93da0559819719c5c94c', 'job-3ef2c9dafed83c2c85f2', '{"id":"round-93da0559819719c5c94c","jobId":"job-3ef2c9dafed83c2c85f2","index":1,"attempt":0,"phase":"collecting","factor":"A","parent":"1e87b99a66756fb1b9bcdb8aa30990d659fdae6f6b84e986e7bccc3273032542","basisEpoch":1,"assigned":2,"received":1,"openedAt":1700000000000,"deadlineAt":1700003600000,"closedAt":null,"reason":null,"release":null}');
INSERT INTO members VALUES ('round-761918bea3fbafd5b5d8', '24599eff4fa2af4a8a3aa40883151ac3', '395c1d9eafcb06b25af64d80d81380bbbdb0bab462b3e3fc7a7a39aa6f219598');
INSERT INTO members VALUES ('round-761918bea3fbafd5b5d8', 'f9d266d2c5d703be9b415635d8ea7950', 'fec5f46138ac3f658e8144ded7fb60e720d99ce505b7be9e5ae202d6de730c0c');
INSERT INTO members VALUES ('round-93da0559819719c5c94c', '24599eff4fa2af4a8a3aa40883151ac3', 'a5a2279af4f0fa2f3d2ee9f1538de6ddfe9c4ecd751c8e610e1d0991153ac19a');
INSERT INTO members VALUES ('round-93da0559819719c5c94c', 'f9d266d2c5d703be9b415635d8ea7950', NULL);
INSERT INTO releases VALUES (1, 'f5316eb10acc2f6787b11f49d02b692d251b2d74db4fc89ae1588944dbbbad1d', '{"summary":{"base":{"name":"tiny","weights":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tokenizer":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","shape":{"layers":2,"hidden":8,"heads":2,"kvHeads":1,"headDim":4,"ffn":16,"vocab":32}},"adapter":{"firstLayer":0,"endLayer":2,"modules":["q","v"],"rank":2,"alpha":4},"exitLayer":2,"features":{"pooled":0,"named":["length","lists","bold"]},"basisEpoch":0,"version":0,"parent":null,"jobId":null,"roundId":null,"cohort":0,"inputs":null,"createdAt":1700000000000,"hash":"f5316eb10acc2f6787b11f49d02b692d251b2d74db4fc89ae1588944dbbbad1d","bytes":1552,"parts":["adapter"]},"adapterRounds":0,"optimizer":null,"lineId":"df3b3292d70a10473691a5db9731605d"}');
INSERT INTO releases VALUES (2, '96ce1be30284579cfaffecd2f0f9299c4f1c3f2017c43c0e3a82c5012e5be0ec', '{"summary":{"base":{"name":"tiny","weights":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tokenizer":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","shape":{"layers":2,"hidden":8,"heads":2,"kvHeads":1,"headDim":4,"ffn":16,"vocab":32}},"adapter":{"firstLayer":0,"endLayer":1,"modules":["q"],"rank":2,"alpha":4},"exitLayer":1,"features":{"pooled":0,"named":["length","lists","bold"]},"basisEpoch":0,"version":0,"parent":null,"jobId":null,"roundId":null,"cohort":0,"inputs":null,"createdAt":1700000000000,"hash":"96ce1be30284579cfaffecd2f0f9299c4f1c3f2017c43c0e3a82c5012e5be0ec","bytes":872,"parts":["adapter"]},"adapterRounds":0,"optimizer":null,"lineId":"671c6f9638d2da3f7b267ab906077e1f"}');
INSERT INTO releases VALUES (3, '1e87b99a66756fb1b9bcdb8aa30990d659fdae6f6b84e986e7bccc3273032542', '{"summary":{"base":{"name":"tiny","weights":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tokenizer":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","shape":{"layers":2,"hidden":8,"heads":2,"kvHeads":1,"headDim":4,"ffn":16,"vocab":32}},"adapter":{"firstLayer":0,"endLayer":2,"modules":["q","v"],"rank":2,"alpha":4},"exitLayer":2,"features":{"pooled":0,"named":["length","lists","bold"]},"basisEpoch":1,"version":1,"parent":"f5316eb10acc2f6787b11f49d02b692d251b2d74db4fc89ae1588944dbbbad1d","jobId":"job-3ef2c9dafed83c2c85f2","roundId":"round-761918bea3fbafd5b5d8","cohort":2,"inputs":"88c0a51b3e0075a9c75456560ef887a97249f6b66ac348790e11db07219b22fc","createdAt":1700000000000,"hash":"1e87b99a66756fb1b9bcdb8aa30990d659fdae6f6b84e986e7bccc3273032542","bytes":1796,"parts":["adapter","statistics"]},"adapterRounds":1,"optimizer":{"strategy":"alternating","state":null},"lineId":"df3b3292d70a10473691a5db9731605d"}');
PRAGMA user_version = 2;
