-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "permissions" TEXT,
ADD COLUMN     "permissions_since" BIGINT;

-- CreateTable
CREATE TABLE "permission_uses" (
    "client_id" TEXT NOT NULL,
    "permission" TEXT NOT NULL,
    "used_at" BIGINT NOT NULL,

    CONSTRAINT "permission_uses_pkey" PRIMARY KEY ("client_id","permission")
);

-- What every client could do before there were permissions. A public client could only log users in.
UPDATE "clients" SET
    "permissions" = CASE WHEN "token_endpoint_auth_method" = 'none' THEN 'login'
        ELSE 'mint login introspect:any feed revoke:any' END,
    "permissions_since" = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint);
