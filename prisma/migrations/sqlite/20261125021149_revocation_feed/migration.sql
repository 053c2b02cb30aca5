-- AlterTable
ALTER TABLE "installation" ADD COLUMN "feed_position" BIGINT;

-- CreateTable
CREATE TABLE "revocation_feed" (
    "position" BIGINT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "data" TEXT NOT NULL
);
