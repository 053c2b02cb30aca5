-- CreateTable
CREATE TABLE "finished_logins" (
    "state_hash" TEXT NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "finished_logins_pkey" PRIMARY KEY ("state_hash")
);

-- CreateIndex
CREATE INDEX "finished_logins_expires_at_idx" ON "finished_logins"("expires_at");
