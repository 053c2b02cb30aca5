-- AlterTable
ALTER TABLE "clients" ADD COLUMN "response_types" TEXT;
ALTER TABLE "clients" ADD COLUMN "token_endpoint_auth_method" TEXT;

-- CreateTable
CREATE TABLE "logins" (
    "state_hash" TEXT NOT NULL PRIMARY KEY,
    "browser_hash" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "redirect_uri" TEXT NOT NULL,
    "response_type" TEXT NOT NULL,
    "state" TEXT,
    "code_challenge" TEXT,
    "nonce" TEXT NOT NULL,
    "code_verifier" TEXT NOT NULL,
    "expires_at" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "authorization_codes" (
    "code_hash" TEXT NOT NULL PRIMARY KEY,
    "client_id" TEXT NOT NULL,
    "redirect_uri" TEXT NOT NULL,
    "code_challenge" TEXT,
    "claims" JSONB NOT NULL,
    "expires_at" DATETIME NOT NULL,
    "jti" TEXT
);

-- CreateIndex
CREATE INDEX "logins_expires_at_idx" ON "logins"("expires_at");

-- CreateIndex
CREATE INDEX "authorization_codes_expires_at_idx" ON "authorization_codes"("expires_at");
