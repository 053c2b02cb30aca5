-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_revocation_feed" (
    "position" BIGINT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "data" TEXT NOT NULL,
    "tag" TEXT NOT NULL DEFAULT ''
);
INSERT INTO "new_revocation_feed" ("data", "name", "position") SELECT "data", "name", "position" FROM "revocation_feed";
DROP TABLE "revocation_feed";
ALTER TABLE "new_revocation_feed" RENAME TO "revocation_feed";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
