-- AlterTable
ALTER TABLE "clients" ADD COLUMN "logo_uri" TEXT;
