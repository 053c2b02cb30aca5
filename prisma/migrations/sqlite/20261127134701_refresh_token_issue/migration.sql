-- DropIndex
DROP INDEX "refresh_tokens_rotated_at_idx";

-- CreateIndex
CREATE INDEX "refresh_tokens_previous_hash_idx" ON "refresh_tokens"("previous_hash");
