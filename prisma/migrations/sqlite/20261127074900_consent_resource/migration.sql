-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_consents" (
    "sub" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "resource" TEXT NOT NULL DEFAULT '',
    "scope" TEXT NOT NULL,
    "granted_at" BIGINT NOT NULL,

    PRIMARY KEY ("sub", "client_id", "resource")
);
INSERT INTO "new_consents" ("client_id", "granted_at", "scope", "sub") SELECT "client_id", "granted_at", "scope", "sub" FROM "consents";
DROP TABLE "consents";
ALTER TABLE "new_consents" RENAME TO "consents";
CREATE INDEX "consents_client_id_idx" ON "consents"("client_id");
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
