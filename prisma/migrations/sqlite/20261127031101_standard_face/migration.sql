-- AlterTable
ALTER TABLE "authorization_codes" ADD COLUMN "authorized" JSONB;

-- CreateTable
CREATE TABLE "sessions" (
    "sid" TEXT NOT NULL PRIMARY KEY,
    "cookie_hash" TEXT NOT NULL,
    "sub" TEXT NOT NULL,
    "login" JSONB NOT NULL,
    "auth_time" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "idle_until" BIGINT NOT NULL,
    "ends_at" BIGINT NOT NULL,
    "expires_at" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "refresh_tokens" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "token_hash" TEXT NOT NULL,
    "previous_hash" TEXT,
    "rotated_at" BIGINT,
    "answer" TEXT,
    "client_id" TEXT NOT NULL,
    "sub" TEXT NOT NULL,
    "sid" TEXT NOT NULL,
    "authorized" JSONB NOT NULL,
    "created_at" BIGINT NOT NULL,
    "idle_until" BIGINT NOT NULL,
    "ends_at" BIGINT NOT NULL,
    "expires_at" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "pushed_requests" (
    "uri_hash" TEXT NOT NULL PRIMARY KEY,
    "client_id" TEXT NOT NULL,
    "parameters" JSONB NOT NULL,
    "expires_at" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "consents" (
    "sub" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "granted_at" BIGINT NOT NULL,

    PRIMARY KEY ("sub", "client_id")
);

-- CreateTable
CREATE TABLE "used_values" (
    "hash" TEXT NOT NULL PRIMARY KEY,
    "expires_at" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "login_challenges" (
    "challenge_hash" TEXT NOT NULL PRIMARY KEY,
    "request" JSONB NOT NULL,
    "answer" JSONB,
    "code_hash" TEXT,
    "expires_at" DATETIME NOT NULL
);

-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_clients" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "logo_uri" TEXT,
    "redirect_uris" JSONB NOT NULL,
    "secrets" JSONB NOT NULL,
    "policy" JSONB NOT NULL,
    "token_endpoint_auth_method" TEXT,
    "response_types" TEXT,
    "permissions" TEXT,
    "permissions_since" BIGINT,
    "grant_types" TEXT,
    "metadata" JSONB,
    "self_registered" BOOLEAN NOT NULL DEFAULT false,
    "disabled" BOOLEAN NOT NULL,
    "revision" INTEGER NOT NULL,
    "created_at" DATETIME NOT NULL,
    "updated_at" DATETIME NOT NULL,
    "deleted_at" DATETIME
);
INSERT INTO "new_clients" ("created_at", "deleted_at", "disabled", "id", "logo_uri", "name", "permissions", "permissions_since", "policy", "redirect_uris", "response_types", "revision", "secrets", "token_endpoint_auth_method", "updated_at") SELECT "created_at", "deleted_at", "disabled", "id", "logo_uri", "name", "permissions", "permissions_since", "policy", "redirect_uris", "response_types", "revision", "secrets", "token_endpoint_auth_method", "updated_at" FROM "clients";
DROP TABLE "clients";
ALTER TABLE "new_clients" RENAME TO "clients";
CREATE INDEX "clients_revision_idx" ON "clients"("revision");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;

-- CreateIndex
CREATE UNIQUE INDEX "sessions_cookie_hash_key" ON "sessions"("cookie_hash");

-- CreateIndex
CREATE INDEX "sessions_sub_idx" ON "sessions"("sub");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE INDEX "refresh_tokens_sub_idx" ON "refresh_tokens"("sub");

-- CreateIndex
CREATE INDEX "refresh_tokens_sid_idx" ON "refresh_tokens"("sid");

-- CreateIndex
CREATE INDEX "refresh_tokens_client_id_idx" ON "refresh_tokens"("client_id");

-- CreateIndex
CREATE INDEX "refresh_tokens_expires_at_idx" ON "refresh_tokens"("expires_at");

-- CreateIndex
CREATE INDEX "pushed_requests_expires_at_idx" ON "pushed_requests"("expires_at");

-- CreateIndex
CREATE INDEX "consents_client_id_idx" ON "consents"("client_id");

-- CreateIndex
CREATE INDEX "used_values_expires_at_idx" ON "used_values"("expires_at");

-- CreateIndex
CREATE INDEX "login_challenges_code_hash_idx" ON "login_challenges"("code_hash");

-- CreateIndex
CREATE INDEX "login_challenges_expires_at_idx" ON "login_challenges"("expires_at");
