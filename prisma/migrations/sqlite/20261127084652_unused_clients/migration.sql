-- AlterTable
ALTER TABLE "clients" ADD COLUMN "expires_at" DATETIME;

-- CreateIndex
CREATE INDEX "clients_expires_at_idx" ON "clients"("expires_at");
