-- AlterTable
ALTER TABLE "signing_keys" ADD COLUMN "longest_ttl" INTEGER;

-- CreateTable
CREATE TABLE "former_keys" (
    "kid" TEXT NOT NULL PRIMARY KEY,
    "thumbprint" TEXT NOT NULL,
    "left_at" DATETIME NOT NULL
);
