-- AlterTable
ALTER TABLE "installation" ADD COLUMN     "feed_position" BIGINT;

-- CreateTable
CREATE TABLE "revocation_feed" (
    "position" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "data" TEXT NOT NULL,

    CONSTRAINT "revocation_feed_pkey" PRIMARY KEY ("position")
);
