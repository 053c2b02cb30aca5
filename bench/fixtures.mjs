// Writes clients and revocations directly into a SQLite file, before the server opens it.
import { createHash, randomBytes } from "node:crypto";
import Sqlite from "libsql";

const POLICY = JSON.stringify({
  providers: null, subject_prefixes: null, audiences: null, default_audience: null, claim_names: null, max_ttl: null,
});

/** As in src/revocation/entry.ts. */
const FOREVER = Date.UTC(9999, 11, 31, 23, 59, 59);

/**
 * Returns a working set: the credentials of the last `known` clients, each with its own secret. All other clients share
 * one secret.
 */
export function fill(path, { clients, revocations, known }) {
  const db = new Sqlite(path);
  const now = Date.now();
  const workingSet = [];
  db.exec("PRAGMA synchronous = OFF; BEGIN IMMEDIATE");
  const insert = db.prepare(`INSERT INTO clients
    (id, name, redirect_uris, secrets, policy, disabled, revision, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)`);
  const { revision } = db.prepare("SELECT client_revision AS revision FROM installation").get();
  let secret = newSecret();
  for (let i = 1; i <= clients; i++) {
    const id = uuid(now - clients + i);
    if (i > clients - known) workingSet.push({ client_id: id, client_secret: (secret = newSecret()) });
    const hash = createHash("sha256").update(secret).digest("base64url");
    const secrets = JSON.stringify([{ hash, expiresAt: null }]);
    insert.run(id, `Client ${i}`, '["https://app.example.com/callback"]', secrets, POLICY, revision + i, now, now);
  }
  // Without this the server would treat every client as changed since its start.
  db.prepare("UPDATE installation SET client_revision = ?").run(revision + clients);
  // Not expired: the server would delete expired ones during the measurement.
  db.prepare(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO revocation_log (position, tag, scope, value, issued_before, expires_at, recorded_at)
    SELECT i, printf('%08x', i), 'jti', printf('%08x-%04x-7000-8000-%012x', i / 65536, i % 65536, i), ${FOREVER},
      ? + i, ? FROM n`)
    .run(revocations, now + 86_400_000, now);
  db.prepare("UPDATE revocation_log_head SET position = ?").run(revocations);
  db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  return workingSet;
}

const newSecret = () => `authflow_secret_${randomBytes(32).toString("base64url")}`;

/** A UUIDv7 (RFC 9562 §5.7). */
function uuid(milliseconds) {
  const random = randomBytes(10).toString("hex");
  const hex = `${milliseconds.toString(16).padStart(12, "0")}7${random.slice(0, 3)}8${random.slice(3, 18)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
