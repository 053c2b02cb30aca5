-- No version used the table before.
DROP TABLE "login_challenges";
CREATE TABLE "login_challenges" (
    "state_hash" TEXT NOT NULL PRIMARY KEY,
    "client_id" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "answer" TEXT,
    "expires_at" DATETIME NOT NULL
);
CREATE INDEX "login_challenges_expires_at_idx" ON "login_challenges"("expires_at");
