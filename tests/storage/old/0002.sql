BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
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
INSERT INTO "calls" VALUES('red','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','alice','run-1','kimi-k2','answered','2026-01-26 12:00:00.123456','2026-01-26 12:01:00.123456',2,1,'1.2300E-33','CNY','r-1','{"text": "答", "finish": "stop", "input_tokens": 1, "cached_tokens": 0, "output_tokens": 1, "reasoning": "why", "request_id": "", "reported": false}','');
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
INSERT INTO "documents" VALUES('blue','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','alice','Jahresbericht.pdf','pdf',5000000000,'年度报告','zh','2026-01-26 12:00:00.123456','2026-11-26 11:41:38.612265','jahresbericht.pdf
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
INSERT INTO "extractions" VALUES('red','dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','alice','b5d9fa94eef81c54ed9458c617ca033581467623bcd36ecbf6a0cef8bc7e211a','pdfium 5',2,15,'2026-11-26 11:41:38.505015');
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
	draft TEXT, 
	CONSTRAINT pk_runs PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('run-1','red','alice','ask','running','["dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"]','session-1','batch-1','sending',1,3,'',0,'2026-01-26 12:00:00.123456','2026-01-26 12:00:00.123456','Why?','{"template": "paper", "language": "", "engine": "local", "model": "", "budget": "0.1"}','{"calls": 2, "input_tokens": 10000000000, "cached_tokens": 5, "output_tokens": 7, "cost": "0.1000000000000000000001", "currency": "USD", "estimated_cost": null, "possible_duplicates": 0}','{"code": "withheld", "message": {"id": "No, {name}.", "values": {"name": "李"}}, "advice": {"id": "Ask again.", "values": {}}, "exit_code": 1, "document": null, "request_id": "r"}','{"title": "Revenue", "sections": [{"title": "Figures", "claims": [{"text": "收入增长了 12 %", "citations": [{"quote": "增长", "document": "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "page_said": 1, "verdict": "exact", "page": 2, "start": 0, "end": 2}]}, {"text": "A claim on nothing", "citations": []}]}], "found": true}');
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
COMMIT;
