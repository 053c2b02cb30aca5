-- AlterTable
ALTER TABLE "consents" DROP CONSTRAINT "consents_pkey",
ADD COLUMN     "resource" TEXT NOT NULL DEFAULT '',
ADD CONSTRAINT "consents_pkey" PRIMARY KEY ("sub", "client_id", "resource");
