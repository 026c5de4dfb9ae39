BEGIN TRANSACTION;
CREATE VIRTUAL TABLE words USING fts5(title, text, content='', tokenize='ascii');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE answers (
	id TEXT NOT NULL, 
	space TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	session TEXT NOT NULL, 
	question TEXT NOT NULL, 
	engine TEXT NOT NULL, 
	model TEXT NOT NULL, 
	state TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	documents TEXT NOT NULL, 
	usage TEXT NOT NULL, 
	notices TEXT NOT NULL, 
	draft TEXT NOT NULL, 
	searchable TEXT NOT NULL, 
	CONSTRAINT pk_answers PRIMARY KEY (id), 
	CONSTRAINT fk_answers_sessions FOREIGN KEY(session) REFERENCES sessions (id) ON DELETE CASCADE
);
INSERT INTO "answers" VALUES('answer-1','red','alice','session-1','How much 利润?','local','lexrank','done','2026-01-26 12:01:00.123456','["dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"]','{"calls": 2, "input_tokens": 10000000000, "cached_tokens": 5, "output_tokens": 7, "cost": "0.1000000000000000000001", "currency": "USD", "estimated_cost": null, "possible_duplicates": 0}','[]','{"title": "Revenue", "sections": [{"title": "Figures", "claims": [{"text": "收入增长了 12 %", "citations": [{"quote": "增长", "document": "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "page_said": 1, "verdict": "exact", "page": 2, "start": 0, "end": 2}]}, {"text": "A claim on nothing", "citations": []}]}], "found": true}','how much 利润?
revenue
figures
收入增长了 12 %
a claim on nothing');
CREATE TABLE calls (
	space TEXT NOT NULL, 
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	run TEXT NOT NULL, 
	model TEXT NOT NULL, 
	state TEXT NOT NULL, 
	sent_at DATETIME, 
	answered_at DATETIME, 
	sendings INTEGER NOT NULL, 
	possible_duplicates INTEGER NOT NULL, 
	cost TEXT, 
	currency TEXT NOT NULL, 
	request_id TEXT NOT NULL, 
	completion TEXT, holder TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_calls PRIMARY KEY (space, id)
);
INSERT INTO "calls" VALUES('red','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','alice','run-1','kimi-k2','answered','2026-01-26 12:00:00.123456','2026-01-26 12:01:00.123456',2,1,'1.2300E-33','CNY','r-1','{"text": "答", "finish": "stop", "input_tokens": 1, "cached_tokens": 0, "output_tokens": 1, "reasoning": "why", "request_id": "", "reported": false, "tool_calls": []}','');
CREATE TABLE departures (
	id TEXT NOT NULL, 
	space TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	host TEXT NOT NULL, 
	purpose TEXT NOT NULL, 
	bytes BIGINT NOT NULL, 
	characters BIGINT NOT NULL, 
	document TEXT, 
	pages TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT pk_departures PRIMARY KEY (id)
);
INSERT INTO "departures" VALUES('departure-1','red','alice','2026-01-26 12:00:00.123456','api.moonshot.cn','summary',12,9,'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','1-2','file-1',NULL);
CREATE TABLE documents (
	space TEXT NOT NULL, 
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	name TEXT NOT NULL, 
	format TEXT NOT NULL, 
	bytes BIGINT NOT NULL, 
	title TEXT NOT NULL, 
	language TEXT NOT NULL, 
	added_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	searchable TEXT NOT NULL, 
	CONSTRAINT pk_documents PRIMARY KEY (space, id)
);
INSERT INTO "documents" VALUES('red','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','alice','Jahresbericht.pdf','pdf',5000000000,'年度报告','zh','2026-01-26 12:00:00.123456',NULL,'jahresbericht.pdf
年度报告');
INSERT INTO "documents" VALUES('blue','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','alice','Jahresbericht.pdf','pdf',5000000000,'年度报告','zh','2026-01-26 12:00:00.123456','2026-11-26 12:32:07.904341','jahresbericht.pdf
年度报告');
CREATE TABLE extractions (
	space TEXT NOT NULL, 
	document TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	blob TEXT NOT NULL, 
	extractor TEXT NOT NULL, 
	pages INTEGER NOT NULL, 
	characters BIGINT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_extractions PRIMARY KEY (space, document), 
	CONSTRAINT fk_extractions_documents FOREIGN KEY(space, document) REFERENCES documents (space, id) ON DELETE CASCADE
);
INSERT INTO "extractions" VALUES('red','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','alice','9f1246b8fda7c4f5dfda6cd10ea5ddcf60bb0fc6e1529f35d081c5f3435145c6','pdfium 5',2,15,'2026-11-26 12:32:07.670009');
CREATE TABLE marks (
	account TEXT NOT NULL, 
	member TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	slot BIGINT NOT NULL, 
	until DOUBLE NOT NULL, 
	requests BIGINT NOT NULL, 
	tokens BIGINT NOT NULL, 
	CONSTRAINT pk_marks PRIMARY KEY (account, member, kind, slot)
);
CREATE TABLE measures (
	account TEXT NOT NULL, 
	name TEXT NOT NULL, 
	content TEXT NOT NULL, 
	CONSTRAINT pk_measures PRIMARY KEY (account, name)
);
CREATE TABLE passages (
	id INTEGER NOT NULL, 
	source INTEGER NOT NULL, 
	page INTEGER, 
	start INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_passages PRIMARY KEY (id), 
	CONSTRAINT fk_passages_sources FOREIGN KEY(source) REFERENCES sources (number) ON DELETE CASCADE
);
INSERT INTO "passages" VALUES(1048576,1,1,0,'Jahresbericht.pdf
年度报告','');
INSERT INTO "passages" VALUES(1048577,1,1,0,'','Erste Seite
');
INSERT INTO "passages" VALUES(1048578,1,2,0,'','第二页');
INSERT INTO "passages" VALUES(3145728,3,NULL,0,'Revenue','Revenue
Figures
收入增长了 12 %
A claim on nothing');
INSERT INTO "passages" VALUES(4194304,4,NULL,0,'How much 利润?','Revenue
Figures
收入增长了 12 %
A claim on nothing');
INSERT INTO "passages" VALUES(5242880,5,1,0,'Jahresbericht.pdf
年度报告','');
CREATE TABLE runs (
	id TEXT NOT NULL, 
	space TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	state TEXT NOT NULL, 
	documents TEXT NOT NULL, 
	session TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	stage TEXT, 
	done BIGINT NOT NULL, 
	total BIGINT NOT NULL, 
	result TEXT NOT NULL, 
	stop_requested BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	question TEXT NOT NULL, 
	"order" TEXT NOT NULL, 
	usage TEXT NOT NULL, 
	failure TEXT, 
	draft TEXT, tries INTEGER DEFAULT '0' NOT NULL, holder TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('run-1','red','alice','ask','running','["dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"]','session-1','batch-1','sending',1,3,'',0,'2026-01-26 12:00:00.123456','2026-01-26 12:00:00.123456','Why?','{"template": "paper", "language": "", "engine": "local", "model": "", "budget": "0.1"}','{"calls": 2, "input_tokens": 10000000000, "cached_tokens": 5, "output_tokens": 7, "cost": "0.1000000000000000000001", "currency": "USD", "estimated_cost": null, "possible_duplicates": 0}','{"code": "withheld", "message": {"id": "No, {name}.", "values": {"name": "李"}}, "advice": {"id": "Ask again.", "values": {}}, "exit_code": 1, "document": null, "request_id": "r"}','{"title": "Revenue", "sections": [{"title": "Figures", "claims": [{"text": "收入增长了 12 %", "citations": [{"quote": "增长", "document": "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "page_said": 1, "verdict": "exact", "page": 2, "start": 0, "end": 2}]}, {"text": "A claim on nothing", "citations": []}]}], "found": true}',0,'');
CREATE TABLE sessions (
	id TEXT NOT NULL, 
	space TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	title TEXT NOT NULL, 
	documents TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	searchable TEXT NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (id)
);
INSERT INTO "sessions" VALUES('session-1','red','alice','Quarter','["dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"]','2026-01-26 12:00:00.123456','2026-01-26 12:01:00.123456',NULL,'quarter');
CREATE TABLE sources (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	space TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	id TEXT NOT NULL, 
	document TEXT, 
	session TEXT, 
	format TEXT NOT NULL, 
	language TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	deleted BOOLEAN NOT NULL, 
	stamp TEXT NOT NULL, 
	CONSTRAINT fk_sources_documents FOREIGN KEY(space, document) REFERENCES documents (space, id) ON DELETE CASCADE, 
	CONSTRAINT fk_sources_sessions FOREIGN KEY(session) REFERENCES sessions (id) ON DELETE CASCADE
);
INSERT INTO "sources" VALUES(1,'red','','document','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',NULL,'pdf','zh','2026-01-26 12:00:00.123456',0,'6a9db750e0f4fcce4e216040a0d039e84a4b3b2c9c34dc41289e75e745bb2495');
INSERT INTO "sources" VALUES(3,'red','','summary','ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',NULL,'pdf','zh','2026-01-26 12:00:00.123456',0,'fdd37c85919718b6c94b909e82cb9b7b18a23a216c98f6a65522bd33bea464fc');
INSERT INTO "sources" VALUES(4,'red','alice','answer','answer-1',NULL,'session-1','','en','2026-01-26 12:01:00.123456',0,'d588801b2076a3f224b37b6a82d2abd7e3ad67ac74ed2b1727c538d019b988a8');
INSERT INTO "sources" VALUES(5,'blue','','document','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd',NULL,'pdf','zh','2026-01-26 12:00:00.123456',1,'');
CREATE TABLE summaries (
	space TEXT NOT NULL, 
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	document TEXT NOT NULL, 
	engine TEXT NOT NULL, 
	model TEXT NOT NULL, 
	template TEXT NOT NULL, 
	language TEXT NOT NULL, 
	state TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	usage TEXT NOT NULL, 
	notices TEXT NOT NULL, 
	coverage TEXT NOT NULL, 
	draft TEXT NOT NULL, 
	CONSTRAINT pk_summaries PRIMARY KEY (space, id), 
	CONSTRAINT fk_summaries_documents FOREIGN KEY(space, document) REFERENCES documents (space, id) ON DELETE CASCADE
);
INSERT INTO "summaries" VALUES('red','ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss','alice','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','kimi','kimi-k2','report','zh-CN','partial','2026-01-26 12:00:00.123456','{"calls": 2, "input_tokens": 10000000000, "cached_tokens": 5, "output_tokens": 7, "cost": "0.1000000000000000000001", "currency": "USD", "estimated_cost": null, "possible_duplicates": 0}','[{"code": "ocr", "message": {"id": "Page {page} was recognized, {share} sure.", "values": {"page": 2, "share": 0.5}}, "page": 2}]','{"by_page": [{"page": 1, "state": "read", "characters": 12}, {"page": 2, "state": "recognized", "characters": 3}], "characters": 15, "characters_sent": 15, "calls": 1}','{"title": "Revenue", "sections": [{"title": "Figures", "claims": [{"text": "收入增长了 12 %", "citations": [{"quote": "增长", "document": "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "page_said": 1, "verdict": "exact", "page": 2, "start": 0, "end": 2}]}, {"text": "A claim on nothing", "citations": []}]}], "found": true}');
DELETE FROM words_config;
INSERT INTO "words_config" VALUES('rank','bm25(5.0, 1.0)');
INSERT INTO "words_config" VALUES('version',4);
DELETE FROM words_data;
INSERT INTO "words_data" VALUES(1,X'06111D');
INSERT INTO "words_data" VALUES(10,X'000000010105050005010101020101030101040101050101');
INSERT INTO "words_data" VALUES(137438953473,X'000000510E306A616872657362657269636874C0800002020103706466C0800002030103E5918AC0800002070205B9B4E5BAA6C0800002040205BAA6E68AA5C0800002050106E68AA5E5918AC08000020604140A0A0C0C');
INSERT INTO "words_data" VALUES(274877906945,X'0000004A06306572737465C080010601010201057365697465C08001060101030106E4BA8CE9A1B5C08002060101030106E7ACACE4BA8CC08002060101020103E9A1B5C0800206010104040E0E0F0F');
INSERT INTO "words_data" VALUES(412316860417,X'000000B60330313281C080000601010901016181C080000601010A0105636C61696D81C080000601010B01076669677572657381C080000601010301076E6F7468696E6781C080000601010D01026F6E81C080000601010C0107726576656E756581C0800008020101020103E4BA8681C08000060101080106E585A5E5A29E81C08000060101050205A29EE995BF81C08000060101060106E694B6E585A581C08000060101040106E995BFE4BA8681C0800006010107040C0B0F11110C120D100F10');
INSERT INTO "words_data" VALUES(549755813889,X'000000E3033031328280800006010109010161828080000601010A0105636C61696D828080000601010B01076669677572657382808000060101030103686F7782808000020201046D75636882808000020301076E6F7468696E67828080000601010D01026F6E828080000601010C0107726576656E756582808000060101020103E4BA8682808000060101080106E585A5E5A29E8280800006010105020588A9E6B6A68280800002040205A29EE995BF82808000060101060106E694B6E585A582808000060101040202B6A68280800002050106E995BFE4BA868280800006010107040C0B0F110B0C110C110D100D0F100A');
INSERT INTO "words_data" VALUES(687194767361,X'000000570E306A61687265736265726963687482C080000202010370646682C0800002030103E5918A82C0800002070205B9B4E5BAA682C0800002040205BAA6E68AA582C0800002050106E68AA5E5918A82C08000020604150B0B0D0D');
DELETE FROM words_docsize;
INSERT INTO "words_docsize" VALUES(1048576,X'0600');
INSERT INTO "words_docsize" VALUES(1048577,X'0002');
INSERT INTO "words_docsize" VALUES(1048578,X'0003');
INSERT INTO "words_docsize" VALUES(3145728,X'010C');
INSERT INTO "words_docsize" VALUES(4194304,X'040C');
INSERT INTO "words_docsize" VALUES(5242880,X'0600');
DELETE FROM words_idx;
INSERT INTO "words_idx" VALUES(1,X'',2);
INSERT INTO "words_idx" VALUES(2,X'',2);
INSERT INTO "words_idx" VALUES(3,X'',2);
INSERT INTO "words_idx" VALUES(4,X'',2);
INSERT INTO "words_idx" VALUES(5,X'',2);
CREATE INDEX ix_calls_space_run_sent_at ON calls (space, run, sent_at);
CREATE INDEX ix_calls_space_sent_at ON calls (space, sent_at);
CREATE INDEX ix_departures_space_owner_at ON departures (space, owner, at);
CREATE INDEX ix_documents_space_deleted_at_added_at_id ON documents (space, deleted_at, added_at, id);
CREATE INDEX ix_runs_space_owner_batch_created_at ON runs (space, owner, batch, created_at);
CREATE INDEX ix_runs_space_owner_created_at ON runs (space, owner, created_at);
CREATE INDEX ix_runs_space_owner_session_created_at ON runs (space, owner, session, created_at);
CREATE INDEX ix_runs_state_created_at ON runs (state, created_at);
CREATE INDEX ix_sessions_space_owner_deleted_at_updated_at ON sessions (space, owner, deleted_at, updated_at);
CREATE INDEX ix_answers_session_created_at ON answers (session, created_at);
CREATE INDEX ix_answers_space_owner ON answers (space, owner);
CREATE INDEX ix_summaries_space_document_created_at ON summaries (space, document, created_at);
CREATE UNIQUE INDEX ix_sources_space_kind_id ON sources (space, kind, id);
CREATE INDEX ix_sources_space_document ON sources (space, document);
CREATE INDEX ix_sources_session ON sources (session);
CREATE INDEX ix_passages_source ON passages (source);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('sources',5);
CREATE TABLE batches (
	id TEXT NOT NULL, 
	space TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	title TEXT NOT NULL, 
	entries TEXT NOT NULL, 
	"order" TEXT NOT NULL, 
	columns TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_batches PRIMARY KEY (id)
);
CREATE INDEX ix_batches_space_owner_created_at ON batches (space, owner, created_at);
CREATE TABLE cells (
	space TEXT NOT NULL, 
	document TEXT NOT NULL, 
	"column" TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	engine TEXT NOT NULL, 
	model TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	cell TEXT NOT NULL, 
	history TEXT NOT NULL, 
	CONSTRAINT pk_cells PRIMARY KEY (space, document, "column"), 
	CONSTRAINT fk_cells_documents FOREIGN KEY(space, document) REFERENCES documents (space, id) ON DELETE CASCADE
);
CREATE INDEX ix_runs_state_updated_at ON runs (state, updated_at);
COMMIT;
