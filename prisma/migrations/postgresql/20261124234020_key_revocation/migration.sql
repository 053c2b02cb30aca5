-- AlterTable
ALTER TABLE "former_keys" ADD COLUMN     "revoked_at" TIMESTAMP(3);

-- CreateTable
CREATE TABLE "revocation_cutoffs" (
    "scope" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "born_before" TIMESTAMP(3) NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,
    "shared" BOOLEAN NOT NULL,

    CONSTRAINT "revocation_cutoffs_pkey" PRIMARY KEY ("scope","value")
);

-- CreateIndex
CREATE INDEX "revocation_cutoffs_shared_expires_at_idx" ON "revocation_cutoffs"("shared", "expires_at");

-- CreateIndex
CREATE INDEX "revocation_cutoffs_expires_at_idx" ON "revocation_cutoffs"("expires_at");
