-- AlterTable
ALTER TABLE "revocation_feed" ADD COLUMN     "tag" TEXT NOT NULL DEFAULT '';
