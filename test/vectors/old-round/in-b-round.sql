PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES('upload-key','dyBp7DU2rZTN0k__orCfKkhQWTlbbEPmpXhkV2sSNnw');
CREATE TABLE tokens (
  hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, device_id TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO tokens VALUES('a7d546dc5976d29841843c89cb94268faaa275adc6f858bea4b388197bec93e4',1700604800000,'c3b9aa4b594417621618872f92f2b3a6');
INSERT INTO tokens VALUES('b640501d31e486180f4eb6c4e9e1ba257ac3ff751724972413bfd2520f99f52d',1700604800000,'3cc1d2ba2670d089d2fe32b491f8e3bd');
CREATE TABLE devices (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, public_key TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL, last_seen_at INTEGER
) STRICT;
INSERT INTO devices VALUES(1,'3cc1d2ba2670d089d2fe32b491f8e3bd','jQ3siTf_00d24VQk2A1-sXenzGFRxTMnkcPbVNeG8SA',1700000000000,1700000706000);
INSERT INTO devices VALUES(2,'c3b9aa4b594417621618872f92f2b3a6','JCKTb9tLe0TwG74wYrGpiV40cIY9M0g9Ilchqt6f-1s',1700000000000,1700000705000);
CREATE TABLE nonces (
  device_id TEXT NOT NULL, nonce TEXT NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (device_id, nonce)
) STRICT, WITHOUT ROWID;
INSERT INTO nonces VALUES('c3b9aa4b594417621618872f92f2b3a6','nonce-of-c3b9aa4b59441762-0',1700001005000);
INSERT INTO nonces VALUES('c3b9aa4b594417621618872f92f2b3a6','nonce-of-c3b9aa4b59441762-1',1700001006000);
INSERT INTO nonces VALUES('c3b9aa4b594417621618872f92f2b3a6','nonce-of-c3b9aa4b59441762-2',1700001006000);
INSERT INTO nonces VALUES('3cc1d2ba2670d089d2fe32b491f8e3bd','11KnymWtMK-vIAlXjnybwwyJ',1700001007000);
INSERT INTO nonces VALUES('3cc1d2ba2670d089d2fe32b491f8e3bd','4OEybxkvxvFKtQPVYSaJGR3z',1700001007000);
CREATE TABLE lines (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL) STRICT;
INSERT INTO lines VALUES(1,'6ff840a51887f2c3f84ffc7e7d4e7d62','{"id":"6ff840a51887f2c3f84ffc7e7d4e7d62","base":{"name":"tiny","weights":"d1dfce0e0afba09f14f25b8da2dacbd552ea4e476807401e970a5e827232112a","tokenizer":"6622ccc8e7e5189e671266a39538d4c090541cba5650b2700c4e9150ec3ea3d7","shape":{"layers":2,"hidden":64,"heads":4,"kvHeads":2,"headDim":16,"ffn":96,"vocab":259}},"features":{"pooled":64,"named":["length","list_share","steps","headings","bold","tables","code_share","paragraphs","sentence_length","word_length","first_person","second_person","questions","exclamations","emoji","hedging","numbers","quotes","contractions","formality","preamble","closing_offer","summary","examples","links","parentheses","apology","echo","language_match","readability"]},"head":"e5007a0407ca99e1a4dcfcf9d067fc44925a74cbcf97b141222dabcad4d3b2de","updatedAt":1700000704000}');
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
INSERT INTO jobs VALUES(1,'job-486d81f82307bc0ec76c','running','{"id":"job-486d81f82307bc0ec76c","lineId":"6ff840a51887f2c3f84ffc7e7d4e7d62","spec":{"name":"turns","purpose":"personalization","base":{"name":"tiny","weights":"d1dfce0e0afba09f14f25b8da2dacbd552ea4e476807401e970a5e827232112a","tokenizer":"6622ccc8e7e5189e671266a39538d4c090541cba5650b2700c4e9150ec3ea3d7","shape":{"layers":2,"hidden":64,"heads":4,"kvHeads":2,"headDim":16,"ffn":96,"vocab":259}},"adapter":{"firstLayer":0,"endLayer":1,"modules":["q","v"],"rank":2,"alpha":4},"exitLayer":1,"features":{"pooled":64,"named":["length","list_share","steps","headings","bold","tables","code_share","paragraphs","sentence_length","word_length","first_person","second_person","questions","exclamations","emoji","hedging","numbers","quotes","contractions","formality","preamble","closing_offer","summary","examples","links","parentheses","apology","echo","language_match","readability"]},"contributions":["adapter","prior","statistics"],"strategy":"alternating","rounds":4,"cohort":{"size":2,"goal":2,"minimum":1,"deadlineMs":3600000,"retries":2,"choices":"1-9"},"training":{"epochs":1,"learningRate":0.001,"maxPairs":8,"batchPairs":4,"maxTokens":64,"clipNorm":1,"updateNorm":10},"prior":{"initialVariance":2,"shrinkage":10,"directions":2},"seed":0},"state":"running","reason":null,"createdAt":1700000000000,"endedAt":null,"released":2,"failures":0}');
CREATE TABLE idempotency (
  key TEXT PRIMARY KEY, request_hash TEXT NOT NULL, job_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rounds (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
INSERT INTO rounds VALUES(1,'round-00b87991c5f30f285e93','job-486d81f82307bc0ec76c','{"id":"round-00b87991c5f30f285e93","jobId":"job-486d81f82307bc0ec76c","index":0,"attempt":0,"phase":"released","factor":"B","parent":"d705686510e47199669e8019ee0b27c9022df060198c9ba88ace4c9590f33185","basisEpoch":0,"assigned":2,"received":2,"openedAt":1700000000000,"deadlineAt":1700003600000,"closedAt":1700000002000,"reason":null,"release":"b1cd3c26a3fd516914ebcb20e66e707bf5d7408718c86c90c8cf8a1000307b95"}');
INSERT INTO rounds VALUES(2,'round-089d5e53daae6d51289a','job-486d81f82307bc0ec76c','{"id":"round-089d5e53daae6d51289a","jobId":"job-486d81f82307bc0ec76c","index":1,"attempt":0,"phase":"released","factor":"A","parent":"b1cd3c26a3fd516914ebcb20e66e707bf5d7408718c86c90c8cf8a1000307b95","basisEpoch":1,"assigned":2,"received":2,"openedAt":1700000002000,"deadlineAt":1700003602000,"closedAt":1700000704000,"reason":null,"release":"e5007a0407ca99e1a4dcfcf9d067fc44925a74cbcf97b141222dabcad4d3b2de"}');
INSERT INTO rounds VALUES(3,'round-a6a54eb7a4bb5da90958','job-486d81f82307bc0ec76c','{"id":"round-a6a54eb7a4bb5da90958","jobId":"job-486d81f82307bc0ec76c","index":2,"attempt":0,"phase":"collecting","factor":"B","parent":"e5007a0407ca99e1a4dcfcf9d067fc44925a74cbcf97b141222dabcad4d3b2de","basisEpoch":2,"assigned":2,"received":1,"openedAt":1700000704000,"deadlineAt":1700004304000,"closedAt":null,"reason":null,"release":null}');
CREATE TABLE members (
  round_id TEXT NOT NULL, device_id TEXT NOT NULL, digest TEXT, PRIMARY KEY (round_id, device_id)
) STRICT, WITHOUT ROWID;
INSERT INTO members VALUES('round-00b87991c5f30f285e93','3cc1d2ba2670d089d2fe32b491f8e3bd','20c9e98fa6bedf7e5c339564a6069b81f3f1408a959f94940106d8b08f613194');
INSERT INTO members VALUES('round-00b87991c5f30f285e93','c3b9aa4b594417621618872f92f2b3a6','45f9b844b6481bf428f8c3fe0c2b09606b80f09cbb651818eddfa4f0c9961517');
INSERT INTO members VALUES('round-089d5e53daae6d51289a','3cc1d2ba2670d089d2fe32b491f8e3bd','eaa254956de9a2f5ba036c0c4e65193c90712a28b5849fb6fcec6d7a7a95dcdc');
INSERT INTO members VALUES('round-089d5e53daae6d51289a','c3b9aa4b594417621618872f92f2b3a6','eff317f1950e51f04308bb10f8416bd0d8c40ad3ffc9ea5b684b572af3f1ffec');
INSERT INTO members VALUES('round-a6a54eb7a4bb5da90958','3cc1d2ba2670d089d2fe32b491f8e3bd',NULL);
INSERT INTO members VALUES('round-a6a54eb7a4bb5da90958','c3b9aa4b594417621618872f92f2b3a6','f64557ec2b55a9e54f1f0fe6b879b28a7f50844a8dfe3897d785b5aa77cd91df');
CREATE TABLE releases (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL
) STRICT;
INSERT INTO releases VALUES(1,'d705686510e47199669e8019ee0b27c9022df060198c9ba88ace4c9590f33185','{"summary":{"base":{"name":"tiny","weights":"d1dfce0e0afba09f14f25b8da2dacbd552ea4e476807401e970a5e827232112a","tokenizer":"6622ccc8e7e5189e671266a39538d4c090541cba5650b2700c4e9150ec3ea3d7","shape":{"layers":2,"hidden":64,"heads":4,"kvHeads":2,"headDim":16,"ffn":96,"vocab":259}},"adapter":{"firstLayer":0,"endLayer":1,"modules":["q","v"],"rank":2,"alpha":4},"exitLayer":1,"features":{"pooled":64,"named":["length","list_share","steps","headings","bold","tables","code_share","paragraphs","sentence_length","word_length","first_person","second_person","questions","exclamations","emoji","hedging","numbers","quotes","contractions","formality","preamble","closing_offer","summary","examples","links","parentheses","apology","echo","language_match","readability"]},"basisEpoch":0,"version":0,"parent":null,"jobId":null,"roundId":null,"cohort":0,"inputs":null,"createdAt":1700000000000,"hash":"d705686510e47199669e8019ee0b27c9022df060198c9ba88ace4c9590f33185","bytes":3000,"parts":["adapter"]},"adapterRounds":0,"nextFactor":{"alternating":"B","fedavg":"B"},"lineId":"6ff840a51887f2c3f84ffc7e7d4e7d62"}');
INSERT INTO releases VALUES(2,'b1cd3c26a3fd516914ebcb20e66e707bf5d7408718c86c90c8cf8a1000307b95','{"summary":{"base":{"name":"tiny","weights":"d1dfce0e0afba09f14f25b8da2dacbd552ea4e476807401e970a5e827232112a","tokenizer":"6622ccc8e7e5189e671266a39538d4c090541cba5650b2700c4e9150ec3ea3d7","shape":{"layers":2,"hidden":64,"heads":4,"kvHeads":2,"headDim":16,"ffn":96,"vocab":259}},"adapter":{"firstLayer":0,"endLayer":1,"modules":["q","v"],"rank":2,"alpha":4},"exitLayer":1,"features":{"pooled":64,"named":["length","list_share","steps","headings","bold","tables","code_share","paragraphs","sentence_length","word_length","first_person","second_person","questions","exclamations","emoji","hedging","numbers","quotes","contractions","formality","preamble","closing_offer","summary","examples","links","parentheses","apology","echo","language_match","readability"]},"basisEpoch":1,"version":1,"parent":"d705686510e47199669e8019ee0b27c9022df060198c9ba88ace4c9590f33185","jobId":"job-486d81f82307bc0ec76c","roundId":"round-00b87991c5f30f285e93","cohort":2,"inputs":"5ec8a59e0d86a92f4a3c8ef21153b6926da45df88048bff0e1520a66b2c1ca2b","createdAt":1700000002000,"hash":"b1cd3c26a3fd516914ebcb20e66e707bf5d7408718c86c90c8cf8a1000307b95","bytes":3608,"parts":["adapter","statistics"]},"adapterRounds":1,"nextFactor":{"alternating":"A","fedavg":"A"},"lineId":"6ff840a51887f2c3f84ffc7e7d4e7d62"}');
INSERT INTO releases VALUES(3,'e5007a0407ca99e1a4dcfcf9d067fc44925a74cbcf97b141222dabcad4d3b2de','{"summary":{"base":{"name":"tiny","weights":"d1dfce0e0afba09f14f25b8da2dacbd552ea4e476807401e970a5e827232112a","tokenizer":"6622ccc8e7e5189e671266a39538d4c090541cba5650b2700c4e9150ec3ea3d7","shape":{"layers":2,"hidden":64,"heads":4,"kvHeads":2,"headDim":16,"ffn":96,"vocab":259}},"adapter":{"firstLayer":0,"endLayer":1,"modules":["q","v"],"rank":2,"alpha":4},"exitLayer":1,"features":{"pooled":64,"named":["length","list_share","steps","headings","bold","tables","code_share","paragraphs","sentence_length","word_length","first_person","second_person","questions","exclamations","emoji","hedging","numbers","quotes","contractions","formality","preamble","closing_offer","summary","examples","links","parentheses","apology","echo","language_match","readability"]},"basisEpoch":2,"version":2,"parent":"b1cd3c26a3fd516914ebcb20e66e707bf5d7408718c86c90c8cf8a1000307b95","jobId":"job-486d81f82307bc0ec76c","roundId":"round-089d5e53daae6d51289a","cohort":2,"inputs":"d6bbae95e58069ce8db8429100c6cad601a070414b374d60c55b2dc1b641d78f","createdAt":1700000704000,"hash":"e5007a0407ca99e1a4dcfcf9d067fc44925a74cbcf97b141222dabcad4d3b2de","bytes":4996,"parts":["adapter","prior","statistics"]},"adapterRounds":2,"nextFactor":{"alternating":"B","fedavg":"B"},"lineId":"6ff840a51887f2c3f84ffc7e7d4e7d62"}');
CREATE INDEX nonces_by_expiry ON nonces (expires_at);
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE INDEX rounds_by_job ON rounds (job_id, number);
COMMIT;
PRAGMA user_version=1;
