-- No version used the table before.
DROP TABLE "login_challenges";
CREATE TABLE "login_challenges" (
    "state_hash" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "answer" TEXT,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "login_challenges_pkey" PRIMARY KEY ("state_hash")
);
CREATE INDEX "login_challenges_expires_at_idx" ON "login_challenges"("expires_at");
