-- Replicas of the version before can't log out or check revocations any more once their tables are gone: they answer 503.
-- What they recorded moves into the log.
LOCK TABLE "revocation_cutoffs", "revocation_feed", "revocations", "status_revocations" IN ACCESS EXCLUSIVE MODE;

CREATE TABLE "revocation_log_head" (
    "id" INTEGER NOT NULL,
    "position" BIGINT NOT NULL,
    "horizon" BIGINT NOT NULL,

    CONSTRAINT "revocation_log_head_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "revocation_log" (
    "position" BIGINT NOT NULL,
    "tag" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "issued_before" BIGINT NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "recorded_at" BIGINT NOT NULL,
    "status_list_id" TEXT,
    "status_index" INTEGER,

    CONSTRAINT "revocation_log_pkey" PRIMARY KEY ("position")
);

-- FOREVER in src/revocation/entry.ts is 253402300799000. The rows of status_revocations do not say which token they
-- belong to: they get a jti that no token has.
INSERT INTO "revocation_log" ("position", "tag", "scope", "value", "issued_before", "expires_at", "recorded_at",
    "status_list_id", "status_index")
SELECT row_number() OVER (), substr(md5(random()::text || clock_timestamp()::text), 1, 8), "scope", "value", "issued_before", "expires_at", "recorded_at",
    "status_list_id", "status_index"
FROM (
    SELECT "scope", "value", CAST(extract(epoch FROM "born_before") * 1000 AS bigint) AS "issued_before", CAST(extract(epoch FROM "expires_at") * 1000 AS bigint) AS "expires_at", CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS "recorded_at",
        CAST(NULL AS text) AS "status_list_id", CAST(NULL AS integer) AS "status_index"
    FROM "revocation_cutoffs"
    UNION ALL
    SELECT 'jti', "jti", 253402300799000, CAST(extract(epoch FROM "expires_at") * 1000 AS bigint), CAST(extract(epoch FROM "revoked_at") * 1000 AS bigint), NULL, NULL
    FROM "revocations"
    UNION ALL
    SELECT 'jti', 'status ' || "list_id" || ' ' || "idx", 253402300799000, CAST(extract(epoch FROM "expires_at") * 1000 AS bigint), CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint), "list_id", "idx"
    FROM "status_revocations"
) AS "recorded";

INSERT INTO "revocation_log_head" ("id", "position", "horizon")
SELECT 1, COALESCE(MAX("position"), 0), CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) - 86400000 FROM "revocation_log";

DROP TABLE "revocation_cutoffs";
DROP TABLE "revocation_feed";
DROP TABLE "revocations";
DROP TABLE "status_revocations";

CREATE INDEX "revocation_log_scope_value_idx" ON "revocation_log"("scope", "value");
CREATE INDEX "revocation_log_expires_at_idx" ON "revocation_log"("expires_at");
CREATE INDEX "revocation_log_status_list_id_idx" ON "revocation_log"("status_list_id");

CREATE TABLE "replicas" (
    "id" TEXT NOT NULL,
    "outlet" TEXT,
    "trusts" BOOLEAN NOT NULL,
    "beat" INTEGER NOT NULL,

    CONSTRAINT "replicas_pkey" PRIMARY KEY ("id")
);
