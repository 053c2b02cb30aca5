-- AlterTable
ALTER TABLE "installation" ADD COLUMN "replica_version" TEXT NOT NULL DEFAULT '';
