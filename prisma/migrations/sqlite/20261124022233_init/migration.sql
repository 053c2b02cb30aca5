-- CreateTable
CREATE TABLE "installation" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "uuid" TEXT NOT NULL,
    "client_revision" INTEGER NOT NULL,
    "ring_revision" INTEGER NOT NULL
);

-- CreateTable
CREATE TABLE "clients" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "redirect_uris" JSONB NOT NULL,
    "secrets" JSONB NOT NULL,
    "policy" JSONB NOT NULL,
    "disabled" BOOLEAN NOT NULL,
    "revision" INTEGER NOT NULL,
    "created_at" DATETIME NOT NULL,
    "updated_at" DATETIME NOT NULL,
    "deleted_at" DATETIME
);

-- CreateTable
CREATE TABLE "signing_keys" (
    "kid" TEXT NOT NULL PRIMARY KEY,
    "algorithm" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "public_jwk" TEXT NOT NULL,
    "sealed_private_key" TEXT NOT NULL,
    "created_at" DATETIME NOT NULL,
    "activated_at" DATETIME,
    "retired_at" DATETIME
);

-- CreateTable
CREATE TABLE "revocations" (
    "jti" TEXT NOT NULL PRIMARY KEY,
    "client_id" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "expires_at" DATETIME NOT NULL,
    "revoked_at" DATETIME NOT NULL,
    "shared" BOOLEAN NOT NULL
);

-- CreateIndex
CREATE INDEX "clients_revision_idx" ON "clients"("revision");

-- CreateIndex
CREATE INDEX "revocations_shared_expires_at_idx" ON "revocations"("shared", "expires_at");

-- CreateIndex
CREATE INDEX "revocations_expires_at_idx" ON "revocations"("expires_at");
