-- AlterTable
ALTER TABLE "authorization_codes" ADD COLUMN     "authorized" JSONB;

-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "grant_types" TEXT,
ADD COLUMN     "metadata" JSONB,
ADD COLUMN     "self_registered" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "sessions" (
    "sid" TEXT NOT NULL,
    "cookie_hash" TEXT NOT NULL,
    "sub" TEXT NOT NULL,
    "login" JSONB NOT NULL,
    "auth_time" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "idle_until" BIGINT NOT NULL,
    "ends_at" BIGINT NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("sid")
);

-- CreateTable
CREATE TABLE "refresh_tokens" (
    "id" TEXT NOT NULL,
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
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "refresh_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pushed_requests" (
    "uri_hash" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "parameters" JSONB NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "pushed_requests_pkey" PRIMARY KEY ("uri_hash")
);

-- CreateTable
CREATE TABLE "consents" (
    "sub" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "granted_at" BIGINT NOT NULL,

    CONSTRAINT "consents_pkey" PRIMARY KEY ("sub","client_id")
);

-- CreateTable
CREATE TABLE "used_values" (
    "hash" TEXT NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "used_values_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "login_challenges" (
    "challenge_hash" TEXT NOT NULL,
    "request" JSONB NOT NULL,
    "answer" JSONB,
    "code_hash" TEXT,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "login_challenges_pkey" PRIMARY KEY ("challenge_hash")
);

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
