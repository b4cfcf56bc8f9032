-- The schema as the migrations in versions/ make it. Rendered by `make sql`, for people to read;
-- the program makes and changes its tables by itself.

CREATE TABLE keepchat_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT keepchat_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE removals (
	"objectKey" TEXT NOT NULL,
	revision BIGINT NOT NULL,
	CONSTRAINT pk_removals PRIMARY KEY ("objectKey")
);

CREATE TABLE leftovers (
	number BIGINT NOT NULL,
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	content TEXT NOT NULL,
	CONSTRAINT pk_leftovers PRIMARY KEY (number)
);

CREATE TABLE tombstones (
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	revision BIGINT NOT NULL,
	CONSTRAINT pk_tombstones PRIMARY KEY (kind, id)
);

CREATE TABLE users (
	id TEXT NOT NULL,
	identifier TEXT NOT NULL,
	metadata TEXT NOT NULL,
	"createdAt" TEXT,
	extra TEXT,
	revision BIGINT,
	"metadataRevision" BIGINT,
	CONSTRAINT pk_users PRIMARY KEY (id),
	CONSTRAINT uq_users_identifier UNIQUE (identifier)
);

CREATE TABLE threads (
	id TEXT NOT NULL,
	"createdAt" TEXT,
	"updatedAt" TEXT,
	name TEXT,
	"userId" TEXT,
	"userIdentifier" TEXT,
	tags TEXT,
	metadata TEXT,
	extra TEXT,
	"fieldRevisions" TEXT,
	liked BOOLEAN,
	disliked BOOLEAN,
	starred BOOLEAN, pinned BOOLEAN DEFAULT 0 NOT NULL, section TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_threads PRIMARY KEY (id),
	CONSTRAINT "fk_threads_userId" FOREIGN KEY("userId") REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE elements (
	id TEXT NOT NULL,
	"threadId" TEXT NOT NULL,
	type TEXT,
	url TEXT,
	"chainlitKey" TEXT,
	name TEXT,
	display TEXT,
	"objectKey" TEXT,
	size TEXT,
	page INTEGER,
	language TEXT,
	"forId" TEXT,
	mime TEXT,
	props TEXT,
	"autoPlay" BOOLEAN,
	"playerConfig" TEXT,
	extra TEXT,
	ready BOOLEAN DEFAULT 1 NOT NULL,
	"contentLength" BIGINT,
	sha256 TEXT,
	revision BIGINT,
	"fieldRevisions" TEXT,
	sequence BIGINT,
	CONSTRAINT pk_elements PRIMARY KEY (id),
	CONSTRAINT "fk_elements_threadId" FOREIGN KEY("threadId") REFERENCES threads (id) ON DELETE CASCADE
);

CREATE TABLE feedbacks (
	id TEXT NOT NULL,
	"forId" TEXT NOT NULL,
	"threadId" TEXT NOT NULL,
	value INTEGER NOT NULL,
	comment TEXT,
	extra TEXT,
	revision BIGINT,
	CONSTRAINT pk_feedbacks PRIMARY KEY (id),
	CONSTRAINT "fk_feedbacks_threadId" FOREIGN KEY("threadId") REFERENCES threads (id) ON DELETE CASCADE,
	CONSTRAINT "uq_feedbacks_forId" UNIQUE ("forId")
);

CREATE TABLE search_entries (
	id TEXT NOT NULL,
	kind TEXT NOT NULL,
	"threadId" TEXT NOT NULL,
	text TEXT NOT NULL,
	pending BIGINT,
	CONSTRAINT pk_search_entries PRIMARY KEY (id, kind),
	CONSTRAINT "fk_search_entries_threadId" FOREIGN KEY("threadId") REFERENCES threads (id) ON DELETE CASCADE
);

CREATE TABLE steps (
	id TEXT NOT NULL,
	name TEXT,
	type TEXT,
	"threadId" TEXT NOT NULL,
	"parentId" TEXT,
	streaming BOOLEAN,
	"waitForAnswer" BOOLEAN,
	"isError" BOOLEAN,
	metadata TEXT,
	tags TEXT,
	input TEXT,
	output TEXT,
	"createdAt" TEXT,
	start TEXT,
	"end" TEXT,
	generation TEXT,
	"showInput" TEXT,
	language TEXT,
	command TEXT,
	modes TEXT,
	"defaultOpen" BOOLEAN,
	"autoCollapse" BOOLEAN,
	favorite BOOLEAN,
	extra TEXT,
	revision BIGINT,
	"fieldRevisions" TEXT,
	sequence BIGINT, hidden BOOLEAN,
	CONSTRAINT pk_steps PRIMARY KEY (id),
	CONSTRAINT "fk_steps_threadId" FOREIGN KEY("threadId") REFERENCES threads (id) ON DELETE CASCADE
);

CREATE TABLE maintenance (
	task TEXT NOT NULL,
	version INTEGER NOT NULL,
	position TEXT,
	CONSTRAINT pk_maintenance PRIMARY KEY (task)
);

CREATE TABLE login_accounts (
	"key" TEXT NOT NULL,
	identifier TEXT NOT NULL,
	"changedAt" TEXT NOT NULL,
	status TEXT NOT NULL,
	"passwordHash" TEXT,
	issuer TEXT,
	subject TEXT,
	CONSTRAINT pk_login_accounts PRIMARY KEY ("key"),
	CONSTRAINT uq_login_accounts_issuer_subject UNIQUE (issuer, subject)
);

CREATE TABLE login_sessions (
	id TEXT NOT NULL,
	identifier TEXT NOT NULL,
	"createdAt" TEXT NOT NULL,
	"expiresAt" TEXT NOT NULL,
	mode TEXT NOT NULL,
	client TEXT NOT NULL,
	address TEXT NOT NULL,
	ended BIGINT,
	CONSTRAINT pk_login_sessions PRIMARY KEY (id)
);

CREATE TABLE running_replicas (
	id TEXT NOT NULL,
	until BIGINT NOT NULL,
	CONSTRAINT pk_running_replicas PRIMARY KEY (id)
);

CREATE TABLE running_answers (
	turn TEXT NOT NULL,
	"threadId" TEXT NOT NULL,
	replica TEXT NOT NULL,
	owner TEXT NOT NULL,
	"stepIds" TEXT NOT NULL,
	version BIGINT NOT NULL,
	ended BIGINT,
	"stopAsked" BOOLEAN DEFAULT 0 NOT NULL,
	"watchedUntil" BIGINT DEFAULT '0' NOT NULL,
	CONSTRAINT pk_running_answers PRIMARY KEY (turn)
);

CREATE TABLE user_preferences (
	"userId" TEXT NOT NULL,
	preferences TEXT NOT NULL,
	"fieldRevisions" TEXT NOT NULL,
	CONSTRAINT pk_user_preferences PRIMARY KEY ("userId"),
	CONSTRAINT "fk_user_preferences_userId" FOREIGN KEY("userId") REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_removals_revision ON removals (revision);

CREATE INDEX ix_threads_activity ON threads ("userId", "updatedAt" DESC, id DESC);

CREATE INDEX ix_threads_liked ON threads ("userId", "updatedAt" DESC, id DESC) WHERE liked = 1;

CREATE INDEX ix_threads_disliked ON threads ("userId", "updatedAt" DESC, id DESC) WHERE disliked = 1;

CREATE INDEX ix_threads_starred ON threads ("userId", "updatedAt" DESC, id DESC) WHERE starred = 1;

CREATE INDEX "ix_elements_forId" ON elements ("forId");

CREATE INDEX "ix_elements_threadId" ON elements ("threadId");

CREATE INDEX "ix_feedbacks_threadId" ON feedbacks ("threadId");

CREATE INDEX "ix_search_entries_threadId" ON search_entries ("threadId");

CREATE INDEX ix_search_entries_pending ON search_entries ("threadId") WHERE pending IS NOT NULL;

CREATE INDEX ix_steps_favorite ON steps ("threadId") WHERE favorite = 1;

CREATE INDEX "ix_steps_parentId" ON steps ("parentId");

CREATE INDEX "ix_steps_threadId" ON steps ("threadId");

CREATE INDEX ix_login_sessions_identifier ON login_sessions (identifier);

CREATE INDEX "ix_login_sessions_expiresAt" ON login_sessions ("expiresAt");

CREATE INDEX ix_login_sessions_ended ON login_sessions (ended) WHERE ended IS NOT NULL;

CREATE INDEX ix_threads_section ON threads ("userId", section, "pinned" DESC, "updatedAt" DESC, "id" DESC);
