-- CreateTable
CREATE TABLE "finished_logins" (
    "state_hash" TEXT NOT NULL PRIMARY KEY,
    "expires_at" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "finished_logins_expires_at_idx" ON "finished_logins"("expires_at");
