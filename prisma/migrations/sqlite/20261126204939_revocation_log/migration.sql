-- Replicas of the version before can't log out or check revocations any more once their tables are gone: they answer 503.
-- What they recorded moves into the log.
CREATE TABLE "revocation_log_head" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "position" BIGINT NOT NULL,
    "horizon" BIGINT NOT NULL
);

CREATE TABLE "revocation_log" (
    "position" BIGINT NOT NULL PRIMARY KEY,
    "tag" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "issued_before" BIGINT NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "recorded_at" BIGINT NOT NULL,
    "status_list_id" TEXT,
    "status_index" INTEGER
);

-- FOREVER in src/revocation/entry.ts is 253402300799000. The rows of status_revocations do not say which token they
-- belong to: they get a jti that no token has.
INSERT INTO "revocation_log" ("position", "tag", "scope", "value", "issued_before", "expires_at", "recorded_at",
    "status_list_id", "status_index")
SELECT row_number() OVER (), lower(hex(randomblob(4))), "scope", "value", "issued_before", "expires_at", "recorded_at",
    "status_list_id", "status_index"
FROM (
    SELECT "scope", "value", "born_before" AS "issued_before", "expires_at" AS "expires_at", CAST(unixepoch('subsec') * 1000 AS integer) AS "recorded_at",
        NULL AS "status_list_id", NULL AS "status_index"
    FROM "revocation_cutoffs"
    UNION ALL
    SELECT 'jti', "jti", 253402300799000, "expires_at", "revoked_at", NULL, NULL
    FROM "revocations"
    UNION ALL
    SELECT 'jti', 'status ' || "list_id" || ' ' || "idx", 253402300799000, "expires_at", CAST(unixepoch('subsec') * 1000 AS integer), "list_id", "idx"
    FROM "status_revocations"
) AS "recorded";

INSERT INTO "revocation_log_head" ("id", "position", "horizon")
SELECT 1, COALESCE(MAX("position"), 0), CAST(unixepoch('subsec') * 1000 AS integer) - 86400000 FROM "revocation_log";

DROP TABLE "revocation_cutoffs";
DROP TABLE "revocation_feed";
DROP TABLE "revocations";
DROP TABLE "status_revocations";

CREATE INDEX "revocation_log_scope_value_idx" ON "revocation_log"("scope", "value");
CREATE INDEX "revocation_log_expires_at_idx" ON "revocation_log"("expires_at");
CREATE INDEX "revocation_log_status_list_id_idx" ON "revocation_log"("status_list_id");

CREATE TABLE "replicas" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "outlet" TEXT,
    "trusts" BOOLEAN NOT NULL,
    "beat" INTEGER NOT NULL
);
