-- CreateEnum
CREATE TYPE "key_state" AS ENUM ('STAGED', 'ACTIVE', 'RETIRED');

-- CreateTable
CREATE TABLE "installation" (
    "id" INTEGER NOT NULL,
    "uuid" TEXT NOT NULL,
    "client_revision" INTEGER NOT NULL,
    "ring_revision" INTEGER NOT NULL,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "clients" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "redirect_uris" JSONB NOT NULL,
    "secrets" JSONB NOT NULL,
    "policy" JSONB NOT NULL,
    "disabled" BOOLEAN NOT NULL,
    "revision" INTEGER NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL,
    "updated_at" TIMESTAMP(3) NOT NULL,
    "deleted_at" TIMESTAMP(3),

    CONSTRAINT "clients_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signing_keys" (
    "kid" TEXT NOT NULL,
    "algorithm" TEXT NOT NULL,
    "state" "key_state" NOT NULL,
    "public_jwk" TEXT NOT NULL,
    "sealed_private_key" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL,
    "activated_at" TIMESTAMP(3),
    "retired_at" TIMESTAMP(3),

    CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "revocations" (
    "jti" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,
    "revoked_at" TIMESTAMP(3) NOT NULL,
    "shared" BOOLEAN NOT NULL,

    CONSTRAINT "revocations_pkey" PRIMARY KEY ("jti")
);

-- CreateIndex
CREATE INDEX "clients_revision_idx" ON "clients"("revision");

-- CreateIndex
CREATE INDEX "revocations_shared_expires_at_idx" ON "revocations"("shared", "expires_at");

-- CreateIndex
CREATE INDEX "revocations_expires_at_idx" ON "revocations"("expires_at");
