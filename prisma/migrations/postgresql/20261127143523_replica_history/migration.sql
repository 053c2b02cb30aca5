-- AlterTable
ALTER TABLE "replicas" ADD COLUMN     "history" TEXT;
