-- AlterTable
ALTER TABLE "authorization_codes" ADD COLUMN     "status_index" INTEGER,
ADD COLUMN     "status_list_id" TEXT;

-- CreateTable
CREATE TABLE "status_lists" (
    "id" TEXT NOT NULL,
    "size" INTEGER NOT NULL,
    "touched_at" BIGINT NOT NULL,
    "closed" BOOLEAN NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "status_lists_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "status_batches" (
    "list_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "records" BYTEA NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "status_batches_pkey" PRIMARY KEY ("list_id","sequence")
);

-- CreateTable
CREATE TABLE "status_revocations" (
    "list_id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "status_revocations_pkey" PRIMARY KEY ("list_id","idx")
);

-- CreateIndex
CREATE INDEX "status_lists_expires_at_idx" ON "status_lists"("expires_at");

-- CreateIndex
CREATE INDEX "status_batches_expires_at_idx" ON "status_batches"("expires_at");

-- CreateIndex
CREATE INDEX "status_revocations_expires_at_idx" ON "status_revocations"("expires_at");
