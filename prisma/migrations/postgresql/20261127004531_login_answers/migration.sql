-- AlterTable
ALTER TABLE "finished_logins" ADD COLUMN     "answer" TEXT;
