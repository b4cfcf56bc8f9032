-- The schema as the migrations in versions/ make it. Rendered by `make sql`, for people to read;
-- the program makes and changes its tables by itself.

BEGIN;

CREATE TABLE keepchat_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT keepchat_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE removals (
    "objectKey" TEXT NOT NULL,
    revision BIGINT NOT NULL,
    CONSTRAINT pk_removals PRIMARY KEY ("objectKey")
);

CREATE INDEX ix_removals_revision ON removals (revision);

CREATE TABLE leftovers (
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    content JSONB NOT NULL,
    CONSTRAINT pk_leftovers PRIMARY KEY (number)
);

CREATE TABLE tombstones (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    CONSTRAINT pk_tombstones PRIMARY KEY (kind, id)
);

CREATE TABLE users (
    id UUID NOT NULL,
    identifier TEXT NOT NULL,
    metadata JSONB NOT NULL,
    "createdAt" TEXT,
    extra JSONB,
    revision BIGINT,
    "metadataRevision" BIGINT,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uq_users_identifier UNIQUE (identifier)
);

CREATE TABLE threads (
    id UUID NOT NULL,
    "createdAt" TEXT,
    "updatedAt" TEXT,
    name TEXT,
    "userId" UUID,
    "userIdentifier" TEXT,
    tags TEXT[],
    metadata JSONB,
    extra JSONB,
    "fieldRevisions" JSONB,
    liked BOOLEAN,
    disliked BOOLEAN,
    starred BOOLEAN,
    CONSTRAINT pk_threads PRIMARY KEY (id),
    CONSTRAINT "fk_threads_userId" FOREIGN KEY("userId") REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_threads_activity ON threads ("userId", "updatedAt" DESC, id DESC);

CREATE INDEX ix_threads_liked ON threads ("userId", "updatedAt" DESC, id DESC) WHERE liked;

CREATE INDEX ix_threads_disliked ON threads ("userId", "updatedAt" DESC, id DESC) WHERE disliked;

CREATE INDEX ix_threads_starred ON threads ("userId", "updatedAt" DESC, id DESC) WHERE starred;

CREATE TABLE elements (
    id UUID NOT NULL,
    "threadId" UUID NOT NULL,
    type TEXT,
    url TEXT,
    "chainlitKey" TEXT,
    name TEXT,
    display TEXT,
    "objectKey" TEXT,
    size TEXT,
    page INTEGER,
    language TEXT,
    "forId" UUID,
    mime TEXT,
    props JSONB,
    "autoPlay" BOOLEAN,
    "playerConfig" JSONB,
    extra JSONB,
    ready BOOLEAN DEFAULT true NOT NULL,
    "contentLength" BIGINT,
    sha256 TEXT,
    revision BIGINT,
    "fieldRevisions" JSONB,
    sequence BIGINT,
    CONSTRAINT pk_elements PRIMARY KEY (id),
    CONSTRAINT "fk_elements_threadId" FOREIGN KEY("threadId") REFERENCES threads (id) ON DELETE CASCADE
);

CREATE INDEX "ix_elements_forId" ON elements ("forId");

CREATE INDEX "ix_elements_threadId" ON elements ("threadId");

CREATE TABLE feedbacks (
    id UUID NOT NULL,
    "forId" UUID NOT NULL,
    "threadId" UUID NOT NULL,
    value INTEGER NOT NULL,
    comment TEXT,
    extra JSONB,
    revision BIGINT,
    CONSTRAINT pk_feedbacks PRIMARY KEY (id),
    CONSTRAINT "fk_feedbacks_threadId" FOREIGN KEY("threadId") REFERENCES threads (id) ON DELETE CASCADE,
    CONSTRAINT "uq_feedbacks_forId" UNIQUE ("forId")
);

CREATE INDEX "ix_feedbacks_threadId" ON feedbacks ("threadId");

CREATE TABLE search_entries (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    "threadId" UUID NOT NULL,
    text TEXT NOT NULL,
    pending BIGINT DEFAULT txid_current(),
    CONSTRAINT pk_search_entries PRIMARY KEY (id, kind),
    CONSTRAINT "fk_search_entries_threadId" FOREIGN KEY("threadId") REFERENCES threads (id) ON DELETE CASCADE
);

CREATE INDEX "ix_search_entries_threadId" ON search_entries ("threadId");

CREATE INDEX ix_search_entries_pending ON search_entries ("threadId") WHERE pending IS NOT NULL;

CREATE TABLE steps (
    id UUID NOT NULL,
    name TEXT,
    type TEXT,
    "threadId" UUID NOT NULL,
    "parentId" UUID,
    streaming BOOLEAN,
    "waitForAnswer" BOOLEAN,
    "isError" BOOLEAN,
    metadata JSONB,
    tags TEXT[],
    input TEXT,
    output TEXT,
    "createdAt" TEXT,
    start TEXT,
    "end" TEXT,
    generation JSONB,
    "showInput" TEXT,
    language TEXT,
    command TEXT,
    modes JSONB,
    "defaultOpen" BOOLEAN,
    "autoCollapse" BOOLEAN,
    favorite BOOLEAN,
    extra JSONB,
    revision BIGINT,
    "fieldRevisions" JSONB,
    sequence BIGINT,
    CONSTRAINT pk_steps PRIMARY KEY (id),
    CONSTRAINT "fk_steps_threadId" FOREIGN KEY("threadId") REFERENCES threads (id) ON DELETE CASCADE
);

CREATE INDEX ix_steps_favorite ON steps ("threadId") WHERE favorite;

CREATE INDEX "ix_steps_parentId" ON steps ("parentId");

CREATE INDEX "ix_steps_threadId" ON steps ("threadId");

CREATE TABLE search_parts (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    "threadId" UUID NOT NULL,
    characters INTEGER NOT NULL,
    entries UUID[] NOT NULL,
    grams INTEGER[] NOT NULL,
    signature BIT(15872) NOT NULL,
    CONSTRAINT pk_search_parts PRIMARY KEY (id),
    CONSTRAINT "fk_search_parts_threadId" FOREIGN KEY("threadId") REFERENCES threads (id) ON DELETE CASCADE
);

CREATE INDEX "ix_search_parts_threadId" ON search_parts ("threadId");

CREATE INDEX ix_search_parts_grams ON search_parts USING gin (grams) WITH (gin_pending_list_limit = 32768);

ALTER TABLE search_parts ALTER COLUMN grams SET STORAGE EXTERNAL;

ALTER TABLE search_parts ALTER COLUMN signature SET STORAGE MAIN;

CREATE FUNCTION keepchat_save(given jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Stores a batch of steps, names, tags and metadata in one round trip and returns true. It changes
-- nothing and returns the ids of threads that others have locked, or false when something in it
-- needs a closer look: a thread that is not there or is somebody else's, a step of another thread
-- or deleted, a value not newer than what is stored.
-- datalayer/sql/fast_path.py makes the document; the long way is datalayer/sql/saves.py.
DECLARE
    step steps;
    owner text;
    locked uuid[];
    others jsonb;
    updated integer;
    inserted integer;
BEGIN
    -- What is saved most, by itself: a new step of a thread that is there. Anything else in it
    -- leaves all as it is, and the rest of the function sees to it.
    IF given->'threads'->0->'revisions' = '{}' AND jsonb_array_length(given->'threads') = 1
        AND jsonb_array_length(given->'steps') = 1
    THEN
        step := jsonb_populate_record(NULL::steps, given->'steps'->0);
        SELECT coalesce(t."userIdentifier", u.identifier) INTO owner
        FROM threads AS t LEFT JOIN users AS u ON u.id = t."userId"
        WHERE t.id = step."threadId" FOR NO KEY UPDATE OF t SKIP LOCKED;
        IF FOUND AND owner IS NOT DISTINCT FROM coalesce(given->'threads'->0->>'owner', owner)
            AND NOT EXISTS (SELECT FROM tombstones WHERE kind = 'step' AND id = step.id::text)
        THEN
            INSERT INTO steps SELECT step.* ON CONFLICT (id) DO NOTHING;
            IF FOUND THEN
                UPDATE threads SET "updatedAt" = greatest("updatedAt", n.activity)
                FROM (SELECT given->'threads'->0->>'activity' AS activity) AS n
                WHERE id = step."threadId" AND ("updatedAt" < n.activity OR "updatedAt" IS NULL);
                INSERT INTO search_entries (kind, id, "threadId", text)
                SELECT 'step', step.id, step."threadId", n.text
                FROM (SELECT given->'steps'->0->>'text' AS text) AS n WHERE n.text <> ''
                ON CONFLICT (id, kind) DO UPDATE
                SET text = excluded.text, pending = txid_current();
                RETURN 'true';
            END IF;
        END IF;
    END IF;

    -- In the order of their ids, as everybody locks them, and waiting for nobody. Each statement
    -- after this one sees what was committed until then.
    SELECT coalesce(array_agg(id), '{}') INTO locked FROM (
        SELECT id FROM threads
        WHERE id IN (SELECT (t->>'id')::uuid FROM jsonb_array_elements(given->'threads') AS t)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ) AS mine;
    IF cardinality(locked) < jsonb_array_length(given->'threads') THEN
        SELECT jsonb_agg(id) INTO others FROM threads
        WHERE id IN (SELECT (t->>'id')::uuid FROM jsonb_array_elements(given->'threads') AS t)
            AND id <> ALL(locked);
        RETURN coalesce(others, 'false');
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(given->'threads') AS n(id uuid, owner text, revisions jsonb)
        JOIN threads AS t ON t.id = n.id
        LEFT JOIN users AS u ON u.id = t."userId"
        WHERE n.owner IS DISTINCT FROM coalesce(t."userIdentifier", u.identifier)
            AND n.owner IS NOT NULL
            OR EXISTS (
                SELECT FROM jsonb_each_text(n.revisions) AS r
                WHERE (t."fieldRevisions"->>r.key)::bigint >= r.value::bigint
            )
    ) OR EXISTS (
        SELECT FROM jsonb_to_recordset(given->'steps')
            AS n(id uuid, "threadId" uuid, sequence bigint)
        JOIN steps AS s ON s.id = n.id
        WHERE s."threadId" <> n."threadId" OR coalesce(s.revision, 0) >= n.sequence
            OR coalesce(s.sequence, 0) = 0 OR s.extra IS NOT NULL OR s.favorite IS NOT NULL
    ) OR EXISTS (
        SELECT FROM tombstones WHERE kind = 'step'
            AND id IN (SELECT s->>'id' FROM jsonb_array_elements(given->'steps') AS s)
    ) THEN
        RETURN 'false';
    END IF;

    INSERT INTO steps (
        "id", "threadId", "createdAt", "revision", "fieldRevisions", "sequence", "name", "type",
        "parentId", "streaming", "waitForAnswer", "isError", "metadata", "tags", "input",
        "output", "start", "end", "generation", "showInput", "language", "command", "modes",
        "defaultOpen", "autoCollapse"
    )
    SELECT "id", "threadId", "createdAt", "revision", "fieldRevisions", "sequence", "name", "type",
        "parentId", "streaming", "waitForAnswer", "isError", "metadata", "tags", "input",
        "output", "start", "end", "generation", "showInput", "language", "command", "modes",
        "defaultOpen", "autoCollapse"
    FROM jsonb_populate_recordset(NULL::steps, given->'steps')
    ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    -- A step that is there: what is not given keeps its value and the revision that it has.
    IF inserted < jsonb_array_length(given->'steps') THEN
        UPDATE steps AS s SET
            "name" = (n.new)."name", "type" = (n.new)."type", "parentId" = (n.new)."parentId",
            "streaming" = (n.new)."streaming", "waitForAnswer" = (n.new)."waitForAnswer",
            "isError" = (n.new)."isError", "metadata" = (n.new)."metadata", "tags" = (n.new)."tags",
            "input" = (n.new)."input", "output" = (n.new)."output", "start" = (n.new)."start",
            "end" = (n.new)."end", "generation" = (n.new)."generation",
            "showInput" = (n.new)."showInput", "language" = (n.new)."language",
            "command" = (n.new)."command", "modes" = (n.new)."modes",
            "defaultOpen" = (n.new)."defaultOpen", "autoCollapse" = (n.new)."autoCollapse",
            "createdAt" = CASE WHEN n.created = 0 THEN (n.new)."createdAt" ELSE s."createdAt" END,
            revision = (n.new).revision,
            "fieldRevisions" = n.kept || CASE WHEN n.created = 0 THEN '{}'
                ELSE jsonb_build_object('createdAt', n.created) END
        FROM (
            SELECT old.id, jsonb_populate_record(old, doc) AS new,
                coalesce((old."fieldRevisions"->>'createdAt')::bigint, old.revision, 0) AS created,
                (
                    SELECT coalesce(jsonb_object_agg(r.key, CASE r.value
                        WHEN '0' THEN coalesce(old."fieldRevisions"->r.key, to_jsonb(old.revision))
                        ELSE r.value END), '{}')
                    FROM jsonb_each(doc->'fieldRevisions') AS r
                ) AS kept
            FROM jsonb_array_elements(given->'steps') AS doc
            JOIN steps AS old ON old.id = (doc->>'id')::uuid
                AND old."threadId" = (doc->>'threadId')::uuid
        ) AS n
        WHERE s.id = n.id AND s.revision IS DISTINCT FROM (n.new).revision;
        GET DIAGNOSTICS updated = ROW_COUNT;
        IF updated + inserted < jsonb_array_length(given->'steps') THEN
            RAISE serialization_failure USING MESSAGE = 'a step came into another thread meanwhile';
        END IF;
    END IF;

    UPDATE threads AS t SET
        "updatedAt" = greatest(t."updatedAt", n.activity),
        name = CASE WHEN n.revisions ? 'name' THEN n.name ELSE t.name END,
        tags = CASE WHEN n.revisions ? 'tags' THEN n.tags ELSE t.tags END,
        metadata = CASE WHEN n.revisions = '{}' THEN t.metadata
            ELSE coalesce(t.metadata, '{}') - n.removed || n.metadata END,
        "fieldRevisions" = CASE WHEN n.revisions = '{}' THEN t."fieldRevisions"
            ELSE coalesce(t."fieldRevisions", '{}') || n.revisions END
    FROM jsonb_to_recordset(given->'threads') AS n(id uuid, activity text, name text, tags text[],
        metadata jsonb, removed text[], revisions jsonb)
    WHERE t.id = n.id
        AND (t."updatedAt" < n.activity OR t."updatedAt" IS NULL OR n.revisions <> '{}');

    INSERT INTO search_entries (kind, id, "threadId", text)
    SELECT 'step', id, "threadId", text
    FROM jsonb_to_recordset(given->'steps') AS n(id uuid, "threadId" uuid, text text)
    WHERE text <> ''
    UNION ALL
    SELECT 'thread', id, id, text
    FROM jsonb_to_recordset(given->'threads') AS n(id uuid, text text)
    WHERE text <> ''
    ON CONFLICT (id, kind) DO UPDATE SET text = excluded.text, pending = txid_current()
    WHERE search_entries.text <> excluded.text;
    IF given ? 'emptied' THEN
        DELETE FROM search_entries AS e
        USING (
            SELECT 'step' AS kind, id, text
            FROM jsonb_to_recordset(given->'steps') AS s(id uuid, text text)
            UNION ALL
            SELECT 'thread', id, text
            FROM jsonb_to_recordset(given->'threads') AS t(id uuid, text text)
        ) AS n
        WHERE e.kind = n.kind AND e.id = n.id AND n.text = '';
    END IF;
    RETURN 'true';
END
$$;

INSERT INTO keepchat_version (version_num) VALUES ('0001') RETURNING keepchat_version.version_num;

-- Running upgrade 0001 -> 0002

CREATE TABLE maintenance (
    task TEXT NOT NULL,
    version INTEGER NOT NULL,
    position TEXT,
    CONSTRAINT pk_maintenance PRIMARY KEY (task)
);

INSERT INTO maintenance (task, version, position) VALUES ('folding', 1, NULL);

CREATE OR REPLACE FUNCTION keepchat_save(given jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Stores a batch of steps, names, tags and metadata in one round trip and returns true. It changes
-- nothing and returns the ids of threads that others have locked or just made, or the reason why
-- something in it needs a closer look:
--   absent   a thread is not there, and the batch does not make it, or not for a user who is there
--   deleted  a thread or a step
--   foreign  a thread is somebody else's
--   moved    a step is in another thread
--   older    something is not newer than what is stored, or of a database that was adopted
-- datalayer/stores/sql/postgres/fast_path.py makes the document, by the rules of datalayer/rules on
-- a state that is assumed; here it is verified, never decided.
DECLARE
    step steps;
    owner text;
    locked uuid[];
    others jsonb;
    absent jsonb;
    updated integer;
    inserted integer;
BEGIN
    -- What is saved most, by itself: a new step of a thread that is there. Anything else in it
    -- leaves all as it is, and the rest of the function sees to it.
    IF given->'threads'->0->'revisions' = '{}' AND jsonb_array_length(given->'threads') = 1
        AND jsonb_array_length(given->'steps') = 1
    THEN
        step := jsonb_populate_record(NULL::steps, given->'steps'->0);
        SELECT coalesce(t."userIdentifier", u.identifier) INTO owner
        FROM threads AS t LEFT JOIN users AS u ON u.id = t."userId"
        WHERE t.id = step."threadId" FOR NO KEY UPDATE OF t SKIP LOCKED;
        IF FOUND AND owner IS NOT DISTINCT FROM coalesce(given->'threads'->0->>'owner', owner)
            AND NOT EXISTS (SELECT FROM tombstones WHERE kind = 'step' AND id = step.id::text)
        THEN
            INSERT INTO steps SELECT step.* ON CONFLICT (id) DO NOTHING;
            IF FOUND THEN
                UPDATE threads SET "updatedAt" = greatest("updatedAt", n.activity)
                FROM (SELECT given->'threads'->0->>'activity' AS activity) AS n
                WHERE id = step."threadId" AND ("updatedAt" < n.activity OR "updatedAt" IS NULL);
                INSERT INTO search_entries (kind, id, "threadId", text)
                SELECT 'step', step.id, step."threadId", n.text
                FROM (SELECT given->'steps'->0->>'text' AS text) AS n WHERE n.text <> ''
                ON CONFLICT (id, kind) DO UPDATE
                SET text = excluded.text, pending = txid_current();
                RETURN 'true';
            END IF;
        END IF;
    END IF;

    -- In the order of their ids, as everybody locks them, and waiting for nobody. Each statement
    -- after this one sees what was committed until then.
    SELECT coalesce(array_agg(id), '{}') INTO locked FROM (
        SELECT id FROM threads
        WHERE id IN (SELECT (t->>'id')::uuid FROM jsonb_array_elements(given->'threads') AS t)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ) AS mine;
    IF cardinality(locked) < jsonb_array_length(given->'threads') THEN
        SELECT jsonb_agg(id) INTO others FROM threads
        WHERE id IN (SELECT (t->>'id')::uuid FROM jsonb_array_elements(given->'threads') AS t)
            AND id <> ALL(locked);
        IF others IS NOT NULL THEN
            RETURN others;
        END IF;
        -- Not there: the batch may make them, while nobody else can or deletes them meanwhile.
        SELECT jsonb_agg(t) INTO absent FROM jsonb_array_elements(given->'threads') AS t
        WHERE (t->>'id')::uuid <> ALL(locked);
        IF EXISTS (
            SELECT FROM jsonb_array_elements(absent) AS t WHERE t->>'created' IS NULL
                OR NOT EXISTS (SELECT FROM users WHERE identifier = t->>'owner')
        ) THEN
            RETURN '"absent"';
        END IF;
        PERFORM pg_advisory_xact_lock((given->>'class')::integer, bucket) FROM (
            SELECT DISTINCT (t->>'bucket')::integer AS bucket FROM jsonb_array_elements(absent) AS t
            ORDER BY bucket
        ) AS buckets;
        -- Made by somebody else until the lock was to be had: it is tried again.
        SELECT jsonb_agg(id) INTO others FROM threads
        WHERE id IN (SELECT (t->>'id')::uuid FROM jsonb_array_elements(absent) AS t);
        IF others IS NOT NULL THEN
            RETURN others;
        END IF;
        IF EXISTS (
            SELECT FROM tombstones WHERE kind = 'thread'
                AND id IN (SELECT t->>'id' FROM jsonb_array_elements(absent) AS t)
        ) THEN
            RETURN '"deleted"';
        END IF;
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(given->'threads') AS n(id uuid, owner text)
        JOIN threads AS t ON t.id = n.id
        LEFT JOIN users AS u ON u.id = t."userId"
        WHERE n.owner IS DISTINCT FROM coalesce(t."userIdentifier", u.identifier)
            AND n.owner IS NOT NULL
    ) THEN
        RETURN '"foreign"';
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(given->'threads') AS n(id uuid, revisions jsonb)
        JOIN threads AS t ON t.id = n.id
        WHERE EXISTS (
            SELECT FROM jsonb_each_text(n.revisions) AS r
            WHERE (t."fieldRevisions"->>r.key)::bigint >= r.value::bigint
        )
    ) THEN
        RETURN '"older"';
    END IF;
    SELECT to_jsonb(CASE WHEN s."threadId" <> n."threadId" THEN 'moved' ELSE 'older' END) INTO others
    FROM jsonb_to_recordset(given->'steps') AS n(id uuid, "threadId" uuid, sequence bigint)
    JOIN steps AS s ON s.id = n.id
    WHERE s."threadId" <> n."threadId" OR coalesce(s.revision, 0) >= n.sequence
        OR coalesce(s.sequence, 0) = 0
    LIMIT 1;
    IF FOUND THEN
        RETURN others;
    END IF;
    IF EXISTS (
        SELECT FROM tombstones WHERE kind = 'step'
            AND id IN (SELECT s->>'id' FROM jsonb_array_elements(given->'steps') AS s)
    ) THEN
        RETURN '"deleted"';
    END IF;

    IF absent IS NOT NULL THEN
        INSERT INTO threads (id, "createdAt", "updatedAt", "userId", "userIdentifier", metadata)
        SELECT n.id, n.created, n.created, u.id, n.owner, '{}'
        FROM jsonb_to_recordset(absent) AS n(id uuid, owner text, created text)
        JOIN users AS u ON u.identifier = n.owner
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS inserted = ROW_COUNT;
        IF inserted < jsonb_array_length(absent) THEN
            RAISE lock_not_available USING MESSAGE = 'a thread or its owner is not as it was';
        END IF;
    END IF;

    INSERT INTO steps SELECT * FROM jsonb_populate_recordset(NULL::steps, given->'steps')
    ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    -- A step that is there: what is not given keeps its value and the revision that it has.
    IF inserted < jsonb_array_length(given->'steps') THEN
        UPDATE steps AS s SET
            "name" = (n.new)."name", "type" = (n.new)."type", "parentId" = (n.new)."parentId",
            "streaming" = (n.new)."streaming", "waitForAnswer" = (n.new)."waitForAnswer",
            "isError" = (n.new)."isError", "tags" = (n.new)."tags",
            "metadata" = CASE WHEN s.favorite IS NULL OR NOT n.doc ? 'metadata'
                THEN (n.new)."metadata"
                ELSE coalesce((n.new)."metadata", '{}') || jsonb_build_object('favorite', s.favorite)
                END,
            extra = CASE WHEN n.doc ? 'extra' THEN coalesce(s.extra, '{}') || (n.new).extra
                ELSE s.extra END,
            "input" = (n.new)."input", "output" = (n.new)."output", "start" = (n.new)."start",
            "end" = (n.new)."end", "generation" = (n.new)."generation",
            "showInput" = (n.new)."showInput", "language" = (n.new)."language",
            "command" = (n.new)."command", "modes" = (n.new)."modes",
            "defaultOpen" = (n.new)."defaultOpen", "autoCollapse" = (n.new)."autoCollapse",
            "createdAt" = CASE WHEN n.created = 0 THEN (n.new)."createdAt" ELSE s."createdAt" END,
            revision = (n.new).revision,
            "fieldRevisions" = n.kept || n.unknown || CASE WHEN n.created = 0 THEN '{}'
                ELSE jsonb_build_object('createdAt', n.created) END
        FROM (
            SELECT old.id, doc, jsonb_populate_record(old, doc) AS new,
                coalesce((old."fieldRevisions"->>'createdAt')::bigint, old.revision, 0) AS created,
                (
                    SELECT coalesce(jsonb_object_agg(r.key, CASE r.value
                        WHEN '0' THEN coalesce(old."fieldRevisions"->r.key, to_jsonb(old.revision))
                        ELSE r.value END), '{}')
                    FROM jsonb_each(doc->'fieldRevisions') AS r
                ) AS kept,
                -- Fields without a column that are stored and not given.
                (
                    SELECT coalesce(jsonb_object_agg('extra.' || k, coalesce(
                        old."fieldRevisions"->('extra.' || k), to_jsonb(old.revision))), '{}')
                    FROM jsonb_object_keys(old.extra) AS k
                    WHERE NOT coalesce(doc->'extra', '{}') ? k
                ) AS unknown
            FROM jsonb_array_elements(given->'steps') AS doc
            JOIN steps AS old ON old.id = (doc->>'id')::uuid
                AND old."threadId" = (doc->>'threadId')::uuid
            OFFSET 0  -- or else the record is made anew for each of its columns
        ) AS n
        WHERE s.id = n.id AND s.revision IS DISTINCT FROM (n.new).revision;
        GET DIAGNOSTICS updated = ROW_COUNT;
        IF updated + inserted < jsonb_array_length(given->'steps') THEN
            RAISE lock_not_available USING MESSAGE = 'a step came into another thread meanwhile';
        END IF;
    END IF;

    UPDATE threads AS t SET
        "updatedAt" = greatest(t."updatedAt", n.activity),
        name = CASE WHEN n.revisions ? 'name' THEN n.name ELSE t.name END,
        tags = CASE WHEN n.revisions ? 'tags' THEN n.tags ELSE t.tags END,
        metadata = CASE WHEN n.revisions = '{}' THEN t.metadata
            ELSE coalesce(t.metadata, '{}') - n.removed || n.metadata END,
        "fieldRevisions" = CASE WHEN n.revisions = '{}' THEN t."fieldRevisions"
            ELSE coalesce(t."fieldRevisions", '{}') || n.revisions END
    FROM jsonb_to_recordset(given->'threads') AS n(id uuid, activity text, name text, tags text[],
        metadata jsonb, removed text[], revisions jsonb)
    WHERE t.id = n.id
        AND (t."updatedAt" < n.activity OR t."updatedAt" IS NULL OR n.revisions <> '{}');

    INSERT INTO search_entries (kind, id, "threadId", text)
    SELECT 'step', id, "threadId", text
    FROM jsonb_to_recordset(given->'steps') AS n(id uuid, "threadId" uuid, text text)
    WHERE text <> ''
    UNION ALL
    SELECT 'thread', id, id, text
    FROM jsonb_to_recordset(given->'threads') AS n(id uuid, text text)
    WHERE text <> ''
    ON CONFLICT (id, kind) DO UPDATE SET text = excluded.text, pending = txid_current()
    WHERE search_entries.text <> excluded.text;
    IF given ? 'emptied' THEN
        DELETE FROM search_entries AS e
        USING (
            SELECT 'step' AS kind, id, text
            FROM jsonb_to_recordset(given->'steps') AS s(id uuid, text text)
            UNION ALL
            SELECT 'thread', id, text
            FROM jsonb_to_recordset(given->'threads') AS t(id uuid, text text)
        ) AS n
        WHERE e.kind = n.kind AND e.id = n.id AND n.text = '';
    END IF;
    RETURN 'true';
END
$$;

UPDATE keepchat_version SET version_num='0002' WHERE keepchat_version.version_num = '0001';

-- Running upgrade 0002 -> 0003

CREATE TABLE login_accounts (
    key TEXT NOT NULL,
    identifier TEXT NOT NULL,
    "changedAt" TEXT NOT NULL,
    status TEXT NOT NULL,
    "passwordHash" TEXT,
    issuer TEXT,
    subject TEXT,
    CONSTRAINT pk_login_accounts PRIMARY KEY (key),
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

CREATE INDEX ix_login_sessions_identifier ON login_sessions (identifier);

CREATE INDEX "ix_login_sessions_expiresAt" ON login_sessions ("expiresAt");

CREATE INDEX ix_login_sessions_ended ON login_sessions (ended) WHERE ended IS NOT NULL;

UPDATE keepchat_version SET version_num='0003' WHERE keepchat_version.version_num = '0002';

-- Running upgrade 0003 -> 0004

ALTER TABLE steps ADD COLUMN hidden BOOLEAN;

CREATE OR REPLACE FUNCTION keepchat_save(given jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
-- Stores a batch of steps, names, tags and metadata in one round trip and returns true. It changes
-- nothing and returns the ids of threads that others have locked or just made, or the reason why
-- something in it needs a closer look:
--   absent   a thread is not there, and the batch does not make it, or not for a user who is there
--   deleted  a thread or a step
--   foreign  a thread is somebody else's
--   moved    a step is in another thread
--   older    something is not newer than what is stored, or of a database that was adopted
-- datalayer/stores/sql/postgres/fast_path.py makes the document, by the rules of datalayer/rules on
-- a state that is assumed; here it is verified, never decided.
DECLARE
    step steps;
    owner text;
    locked uuid[];
    others jsonb;
    absent jsonb;
    updated integer;
    inserted integer;
BEGIN
    -- What is saved most, by itself: a new step of a thread that is there. Anything else in it
    -- leaves all as it is, and the rest of the function sees to it.
    IF given->'threads'->0->'revisions' = '{}' AND jsonb_array_length(given->'threads') = 1
        AND jsonb_array_length(given->'steps') = 1
    THEN
        step := jsonb_populate_record(NULL::steps, given->'steps'->0);
        SELECT coalesce(t."userIdentifier", u.identifier) INTO owner
        FROM threads AS t LEFT JOIN users AS u ON u.id = t."userId"
        WHERE t.id = step."threadId" FOR NO KEY UPDATE OF t SKIP LOCKED;
        IF FOUND AND owner IS NOT DISTINCT FROM coalesce(given->'threads'->0->>'owner', owner)
            AND NOT EXISTS (SELECT FROM tombstones WHERE kind = 'step' AND id = step.id::text)
        THEN
            INSERT INTO steps SELECT step.* ON CONFLICT (id) DO NOTHING;
            IF FOUND THEN
                UPDATE threads SET "updatedAt" = greatest("updatedAt", n.activity)
                FROM (SELECT given->'threads'->0->>'activity' AS activity) AS n
                WHERE id = step."threadId" AND ("updatedAt" < n.activity OR "updatedAt" IS NULL);
                INSERT INTO search_entries (kind, id, "threadId", text)
                SELECT 'step', step.id, step."threadId", n.text
                FROM (SELECT given->'steps'->0->>'text' AS text) AS n WHERE n.text <> ''
                ON CONFLICT (id, kind) DO UPDATE
                SET text = excluded.text, pending = txid_current();
                RETURN 'true';
            END IF;
        END IF;
    END IF;

    -- In the order of their ids, as everybody locks them, and waiting for nobody. Each statement
    -- after this one sees what was committed until then.
    SELECT coalesce(array_agg(id), '{}') INTO locked FROM (
        SELECT id FROM threads
        WHERE id IN (SELECT (t->>'id')::uuid FROM jsonb_array_elements(given->'threads') AS t)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ) AS mine;
    IF cardinality(locked) < jsonb_array_length(given->'threads') THEN
        SELECT jsonb_agg(id) INTO others FROM threads
        WHERE id IN (SELECT (t->>'id')::uuid FROM jsonb_array_elements(given->'threads') AS t)
            AND id <> ALL(locked);
        IF others IS NOT NULL THEN
            RETURN others;
        END IF;
        -- Not there: the batch may make them, while nobody else can or deletes them meanwhile.
        SELECT jsonb_agg(t) INTO absent FROM jsonb_array_elements(given->'threads') AS t
        WHERE (t->>'id')::uuid <> ALL(locked);
        IF EXISTS (
            SELECT FROM jsonb_array_elements(absent) AS t WHERE t->>'created' IS NULL
                OR NOT EXISTS (SELECT FROM users WHERE identifier = t->>'owner')
        ) THEN
            RETURN '"absent"';
        END IF;
        PERFORM pg_advisory_xact_lock((given->>'class')::integer, bucket) FROM (
            SELECT DISTINCT (t->>'bucket')::integer AS bucket FROM jsonb_array_elements(absent) AS t
            ORDER BY bucket
        ) AS buckets;
        -- Made by somebody else until the lock was to be had: it is tried again.
        SELECT jsonb_agg(id) INTO others FROM threads
        WHERE id IN (SELECT (t->>'id')::uuid FROM jsonb_array_elements(absent) AS t);
        IF others IS NOT NULL THEN
            RETURN others;
        END IF;
        IF EXISTS (
            SELECT FROM tombstones WHERE kind = 'thread'
                AND id IN (SELECT t->>'id' FROM jsonb_array_elements(absent) AS t)
        ) THEN
            RETURN '"deleted"';
        END IF;
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(given->'threads') AS n(id uuid, owner text)
        JOIN threads AS t ON t.id = n.id
        LEFT JOIN users AS u ON u.id = t."userId"
        WHERE n.owner IS DISTINCT FROM coalesce(t."userIdentifier", u.identifier)
            AND n.owner IS NOT NULL
    ) THEN
        RETURN '"foreign"';
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(given->'threads') AS n(id uuid, revisions jsonb)
        JOIN threads AS t ON t.id = n.id
        WHERE EXISTS (
            SELECT FROM jsonb_each_text(n.revisions) AS r
            WHERE (t."fieldRevisions"->>r.key)::bigint >= r.value::bigint
        )
    ) THEN
        RETURN '"older"';
    END IF;
    SELECT to_jsonb(CASE WHEN s."threadId" <> n."threadId" THEN 'moved' ELSE 'older' END) INTO others
    FROM jsonb_to_recordset(given->'steps') AS n(id uuid, "threadId" uuid, sequence bigint)
    JOIN steps AS s ON s.id = n.id
    WHERE s."threadId" <> n."threadId" OR coalesce(s.revision, 0) >= n.sequence
        OR coalesce(s.sequence, 0) = 0
    LIMIT 1;
    IF FOUND THEN
        RETURN others;
    END IF;
    IF EXISTS (
        SELECT FROM tombstones WHERE kind = 'step'
            AND id IN (SELECT s->>'id' FROM jsonb_array_elements(given->'steps') AS s)
    ) THEN
        RETURN '"deleted"';
    END IF;

    IF absent IS NOT NULL THEN
        INSERT INTO threads (id, "createdAt", "updatedAt", "userId", "userIdentifier", metadata)
        SELECT n.id, n.created, n.created, u.id, n.owner, '{}'
        FROM jsonb_to_recordset(absent) AS n(id uuid, owner text, created text)
        JOIN users AS u ON u.identifier = n.owner
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS inserted = ROW_COUNT;
        IF inserted < jsonb_array_length(absent) THEN
            RAISE lock_not_available USING MESSAGE = 'a thread or its owner is not as it was';
        END IF;
    END IF;

    INSERT INTO steps SELECT * FROM jsonb_populate_recordset(NULL::steps, given->'steps')
    ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    -- A step that is there: what is not given keeps its value and the revision that it has.
    IF inserted < jsonb_array_length(given->'steps') THEN
        UPDATE steps AS s SET
            "name" = (n.new)."name", "type" = (n.new)."type", "parentId" = (n.new)."parentId",
            "streaming" = (n.new)."streaming", "waitForAnswer" = (n.new)."waitForAnswer",
            "isError" = (n.new)."isError", "tags" = (n.new)."tags",
            "metadata" = CASE WHEN s.favorite IS NULL OR NOT n.doc ? 'metadata'
                THEN (n.new)."metadata"
                ELSE coalesce((n.new)."metadata", '{}') || jsonb_build_object('favorite', s.favorite)
                END,
            extra = CASE WHEN n.doc ? 'extra' THEN coalesce(s.extra, '{}') || (n.new).extra
                ELSE s.extra END,
            "input" = (n.new)."input", "output" = (n.new)."output", "start" = (n.new)."start",
            "end" = (n.new)."end", "generation" = (n.new)."generation",
            "showInput" = (n.new)."showInput", "language" = (n.new)."language",
            "command" = (n.new)."command", "modes" = (n.new)."modes",
            "defaultOpen" = (n.new)."defaultOpen", "autoCollapse" = (n.new)."autoCollapse",
            "hidden" = (n.new)."hidden",
            "createdAt" = CASE WHEN n.created = 0 THEN (n.new)."createdAt" ELSE s."createdAt" END,
            revision = (n.new).revision,
            "fieldRevisions" = n.kept || n.unknown || CASE WHEN n.created = 0 THEN '{}'
                ELSE jsonb_build_object('createdAt', n.created) END
        FROM (
            SELECT old.id, doc, jsonb_populate_record(old, doc) AS new,
                coalesce((old."fieldRevisions"->>'createdAt')::bigint, old.revision, 0) AS created,
                (
                    SELECT coalesce(jsonb_object_agg(r.key, CASE r.value
                        WHEN '0' THEN coalesce(old."fieldRevisions"->r.key, to_jsonb(old.revision))
                        ELSE r.value END), '{}')
                    FROM jsonb_each(doc->'fieldRevisions') AS r
                ) AS kept,
                -- Fields without a column that are stored and not given.
                (
                    SELECT coalesce(jsonb_object_agg('extra.' || k, coalesce(
                        old."fieldRevisions"->('extra.' || k), to_jsonb(old.revision))), '{}')
                    FROM jsonb_object_keys(old.extra) AS k
                    WHERE NOT coalesce(doc->'extra', '{}') ? k
                ) AS unknown
            FROM jsonb_array_elements(given->'steps') AS doc
            JOIN steps AS old ON old.id = (doc->>'id')::uuid
                AND old."threadId" = (doc->>'threadId')::uuid
            OFFSET 0  -- or else the record is made anew for each of its columns
        ) AS n
        WHERE s.id = n.id AND s.revision IS DISTINCT FROM (n.new).revision;
        GET DIAGNOSTICS updated = ROW_COUNT;
        IF updated + inserted < jsonb_array_length(given->'steps') THEN
            RAISE lock_not_available USING MESSAGE = 'a step came into another thread meanwhile';
        END IF;
    END IF;

    UPDATE threads AS t SET
        "updatedAt" = greatest(t."updatedAt", n.activity),
        name = CASE WHEN n.revisions ? 'name' THEN n.name ELSE t.name END,
        tags = CASE WHEN n.revisions ? 'tags' THEN n.tags ELSE t.tags END,
        metadata = CASE WHEN n.revisions = '{}' THEN t.metadata
            ELSE coalesce(t.metadata, '{}') - n.removed || n.metadata END,
        "fieldRevisions" = CASE WHEN n.revisions = '{}' THEN t."fieldRevisions"
            ELSE coalesce(t."fieldRevisions", '{}') || n.revisions END
    FROM jsonb_to_recordset(given->'threads') AS n(id uuid, activity text, name text, tags text[],
        metadata jsonb, removed text[], revisions jsonb)
    WHERE t.id = n.id
        AND (t."updatedAt" < n.activity OR t."updatedAt" IS NULL OR n.revisions <> '{}');

    INSERT INTO search_entries (kind, id, "threadId", text)
    SELECT 'step', id, "threadId", text
    FROM jsonb_to_recordset(given->'steps') AS n(id uuid, "threadId" uuid, text text)
    WHERE text <> ''
    UNION ALL
    SELECT 'thread', id, id, text
    FROM jsonb_to_recordset(given->'threads') AS n(id uuid, text text)
    WHERE text <> ''
    ON CONFLICT (id, kind) DO UPDATE SET text = excluded.text, pending = txid_current()
    WHERE search_entries.text <> excluded.text;
    IF given ? 'emptied' THEN
        DELETE FROM search_entries AS e
        USING (
            SELECT 'step' AS kind, id, text
            FROM jsonb_to_recordset(given->'steps') AS s(id uuid, text text)
            UNION ALL
            SELECT 'thread', id, text
            FROM jsonb_to_recordset(given->'threads') AS t(id uuid, text text)
        ) AS n
        WHERE e.kind = n.kind AND e.id = n.id AND n.text = '';
    END IF;
    RETURN 'true';
END
$$;

UPDATE keepchat_version SET version_num='0004' WHERE keepchat_version.version_num = '0003';

-- Running upgrade 0004 -> 0005

CREATE TABLE running_replicas (
    id UUID NOT NULL,
    until BIGINT NOT NULL,
    CONSTRAINT pk_running_replicas PRIMARY KEY (id)
);

CREATE TABLE running_answers (
    turn UUID NOT NULL,
    "threadId" UUID NOT NULL,
    replica UUID NOT NULL,
    owner TEXT NOT NULL,
    "stepIds" TEXT[] NOT NULL,
    version BIGINT NOT NULL,
    ended BIGINT,
    "stopAsked" BOOLEAN DEFAULT false NOT NULL,
    "watchedUntil" BIGINT DEFAULT '0' NOT NULL,
    CONSTRAINT pk_running_answers PRIMARY KEY (turn)
);

ALTER TABLE running_replicas SET UNLOGGED;

ALTER TABLE running_answers SET UNLOGGED;

UPDATE keepchat_version SET version_num='0005' WHERE keepchat_version.version_num = '0004';

-- Running upgrade 0005 -> 0006

UPDATE maintenance SET version = 2 WHERE task = 'folding' AND NOT EXISTS (SELECT 1 FROM search_entries);

UPDATE keepchat_version SET version_num='0006' WHERE keepchat_version.version_num = '0005';

-- Running upgrade 0006 -> 0007

CREATE TABLE user_preferences (
    "userId" UUID NOT NULL,
    preferences JSONB NOT NULL,
    "fieldRevisions" JSONB NOT NULL,
    CONSTRAINT pk_user_preferences PRIMARY KEY ("userId"),
    CONSTRAINT "fk_user_preferences_userId" FOREIGN KEY("userId") REFERENCES users (id) ON DELETE CASCADE
);

UPDATE keepchat_version SET version_num='0007' WHERE keepchat_version.version_num = '0006';

-- Running upgrade 0007 -> 0008

ALTER TABLE threads ADD COLUMN pinned BOOLEAN DEFAULT false NOT NULL;

ALTER TABLE threads ADD COLUMN section TEXT DEFAULT '' NOT NULL;

CREATE INDEX ix_threads_section ON threads ("userId", section, "pinned" DESC, "updatedAt" DESC, "id" DESC);

UPDATE keepchat_version SET version_num='0008' WHERE keepchat_version.version_num = '0007';

COMMIT;
