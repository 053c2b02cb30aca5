-- AlterTable
ALTER TABLE "signing_keys" ADD COLUMN     "longest_ttl" INTEGER;

-- CreateTable
CREATE TABLE "former_keys" (
    "kid" TEXT NOT NULL,
    "thumbprint" TEXT NOT NULL,
    "left_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "former_keys_pkey" PRIMARY KEY ("kid")
);
