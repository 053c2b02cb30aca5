-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "expires_at" TIMESTAMP(3);

-- CreateIndex
CREATE INDEX "clients_expires_at_idx" ON "clients"("expires_at");
