import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import {
  AUTH_METHODS, type AuthMethod, type Client, type ClientJwks, GRANT_TYPES, type GrantType, type Permission,
  PERMISSIONS, RESPONSE_TYPES, type ResponseType,
} from "../clients/client.js";
import { presentClient, presentMetadata } from "../clients/presentation.js";
import { invalidRequest } from "../shared/errors.js";
import { shellCommand } from "../shared/shell-command.js";
import { allClients } from "./all-clients.js";
import { jsonObject, listOf, wholeSeconds } from "./arguments.js";
import type { Context } from "./context.js";
import { confirm, print, printList } from "./terminal.js";

/** Seconds: 30 days. */
const OVERLAP_MAX = 2_592_000;

export function clientCommands(program: Command, context: Context): void {
  const clients = program.command("clients").description("register and manage applications");
  readingCommands(clients, context);
  changingCommands(clients, context);
}

function readingCommands(group: Command, context: Context): void {
  const { existingServices } = context;
  group.command("list")
    .description("list the applications in the order of registration")
    .option("--json", "as a JSON array, with everything but the secrets")
    .action(({ json }: { json?: boolean }) => existingServices(async ({ clients, clock }) => {
      const found = await allClients(clients);
      printList(context, found, { json, line: (client) => line(client, clock()), present: presentClient });
    }));

  group.command("show")
    .description("print an application as JSON, with everything but the secrets")
    .argument("<client-id>")
    .action((id: string) => existingServices(async ({ clients }) => {
      print(context, presentClient(await clients.read(id)));
    }));
}

interface AddOptions {
  public?: boolean;
  authMethod?: AuthMethod;
  jwks?: ClientJwks;
  jwksUri?: string;
  logoUri?: string;
  grantTypes?: GrantType[];
  responseTypes?: ResponseType[];
  permissions?: Permission[];
}
const JWKS_EXAMPLE = '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"…"}]}';

function changingCommands(group: Command, context: Context): void {
  const { withServices, existingServices } = context;
  group.command("add")
    .description("register an application; its secret is shown only now")
    .argument("<name>", "1 to 100 characters")
    .argument("[redirect-uris...]", "1 to 20 absolute URIs, https unless loopback; needed to log users in")
    .option("--public", "an application that can't keep a secret: a page in a browser, a mobile application")
    .addOption(new Option("--auth-method <method>", "how it authenticates; client_secret_basic if not given")
      .choices(AUTH_METHODS).conflicts("public"))
    .option("--jwks <json>", "its public keys, for private_key_jwt", jwks)
    .option("--jwks-uri <url>", "where its public keys are, for private_key_jwt")
    .option("--logo-uri <url>", "the image that the pages of a login show")
    .addOption(new Option("--grant-types <types...>", "what it may send to /token, instead of what is usual")
      .choices(GRANT_TYPES).argParser(listOf(GRANT_TYPES)))
    .addOption(new Option("--response-types <types...>", "what a login returns; the first is the default")
      .choices(RESPONSE_TYPES).argParser(listOf(RESPONSE_TYPES)))
    .addOption(new Option("--permissions <permissions...>", "what it may do, instead of what is usual")
      .choices(PERMISSIONS).argParser(listOf(PERMISSIONS)))
    .action((name: string, redirectUris: string[], { public: isPublic = false, ...metadata }: AddOptions) =>
      withServices(async ({ clients }) => {
        const logsIn = metadata.permissions?.includes("login") ?? metadata.grantTypes?.includes("authorization_code");
        if (redirectUris.length === 0 && logsIn !== false) throw invalidRequest(withoutRedirectUri(name));
        const { client, secret } = await clients.register({
          name, redirectUris, ...(isPublic && { authMethod: "none" }), ...metadata, registrant: "trusted",
        });
        const { client_id, redirect_uri: _first, ...presented } = presentMetadata(client);
        context.logFields.client_id = client_id;
        print(context, { client_id, client_secret: secret, ...presented });
      }));

  group.command("redirect-uris")
    .description("print the redirect URIs of an application, or replace all of them")
    .argument("<client-id>")
    .argument("[redirect-uris...]", "the new ones: 1 to 20 absolute URIs, https unless loopback")
    .option("--json", "as a JSON array")
    .action((id: string, redirectUris: string[], { json }: { json?: boolean }) => {
      const isRead = redirectUris.length === 0;
      return (isRead ? existingServices : withServices)(async ({ clients }) => {
        const client = isRead ? await clients.read(id) : await clients.update(id, { redirectUris });
        printList(context, client.redirectUris, { json, line: (uri) => uri, present: (uri) => uri });
      });
    });

  group.command("grant-types")
    .description("print what an application may send to /token, or replace all of it")
    .argument("<client-id>")
    .addArgument(new Argument("[grant-types...]", "all that it may send from now on")
      .choices(GRANT_TYPES).argParser(listOf(GRANT_TYPES)))
    .option("--json", "as a JSON array")
    .action((id: string, wanted: GrantType[], { json }: { json?: boolean }) => {
      const isRead = wanted.length === 0;
      return (isRead ? existingServices : withServices)(async ({ clients }) => {
        const { grantTypes } = isRead ? await clients.read(id) : await clients.update(id, { grantTypes: wanted });
        printList(context, grantTypes, { json, line: (one) => one, present: (one) => one });
      });
    });

  group.command("keys")
    .description("replace the public keys with which an application authenticates (private_key_jwt)")
    .argument("<client-id>")
    .option("--jwks <json>", "the new keys", jwks)
    .option("--jwks-uri <url>", "where the keys are instead")
    .action((id: string, { jwks: keys, jwksUri }: { jwks?: ClientJwks; jwksUri?: string }) =>
      withServices(async ({ clients }) => {
        if (keys === undefined && jwksUri === undefined) throw invalidRequest("Name --jwks or --jwks-uri");
        print(context, presentClient(await clients.update(id, { jwks: keys, jwksUri })));
      }));

  group.command("trust")
    .description("make an application that registered itself one of your own: its users are not asked for consent")
    .argument("<client-id>")
    .action((id: string) => withServices(async ({ clients }) => {
      const { name } = await clients.update(id, { isSelfRegistered: false });
      print(context, `${name} (${id}) is one of your own now`);
    }));

  group.command("permissions")
    .description("print what an application may do, or replace all of it")
    .argument("<client-id>")
    .addArgument(new Argument("[permissions...]", "all that it may do from now on")
      .choices(PERMISSIONS).argParser(listOf(PERMISSIONS)))
    .option("--json", "as a JSON array")
    .action((id: string, wanted: Permission[], { json }: { json?: boolean }) => {
      const isRead = wanted.length === 0;
      return (isRead ? existingServices : withServices)(async ({ clients }) => {
        const { permissions } = await (isRead ? clients.read(id) : clients.update(id, { permissions: wanted }));
        printList(context, permissions, { json, line: (one) => one, present: (one) => one });
      });
    });

  group.command("policy")
    .description("print what an application may put into its tokens, as JSON, or change it")
    .argument("<client-id>")
    .option("--set <json>", "the members to change, as a JSON object; null removes a limit",
      jsonObject('{"audiences":["api"],"max_ttl":null}'))
    .action((id: string, { set }: { set?: Record<string, unknown> }) =>
      (set === undefined ? existingServices : withServices)(async ({ clients, checkPolicy }) => {
        const client = set === undefined
          ? await clients.read(id)
          : await clients.update(id, { policy: checkPolicy(set) });
        print(context, client.policy);
      }));

  group.command("rotate-secret")
    .description("give an application a new secret; the old one keeps working for a while")
    .argument("<client-id>")
    .option("--overlap <seconds>", "how long the old one keeps working",
      wholeSeconds(0, OVERLAP_MAX, `from 0 to ${OVERLAP_MAX} (30 days)`), 86_400)
    .action((id: string, { overlap }: { overlap: number }) => withServices(async ({ clients }) => {
      const { secret, previousExpiresAt } = await clients.rotateSecret(id, overlap);
      const previous_expires_at = new Date(previousExpiresAt).toISOString();
      print(context, { client_id: id, client_secret: secret, previous_expires_at });
    }));

  group.command("disable")
    .description("stop an application from minting, within a second on every replica")
    .argument("<client-id>")
    .action((id: string) => withServices(async ({ clients }) => {
      const { name } = await clients.update(id, { disabled: true });
      print(context, `${name} (${id}) is disabled. ${tokensStay(id)}`);
    }));

  group.command("enable")
    .description("let a disabled application mint again")
    .argument("<client-id>")
    .action((id: string) => withServices(async ({ clients }) => {
      const { name } = await clients.update(id, { disabled: false });
      print(context, `${name} (${id}) is enabled`);
    }));

  group.command("delete")
    .description("delete an application permanently")
    .argument("<client-id>")
    .option("--yes", "do not ask first")
    .action((id: string, { yes }: { yes?: boolean }) => withServices(async ({ clients }) => {
      const { name } = await clients.read(id);
      await confirm(context, `Delete ${name} (${id}) permanently?`, yes);
      await clients.delete(id);
      print(context, `${name} (${id}) is deleted. ${tokensStay(id)}`);
    }));
}

function withoutRedirectUri(name: string): string {
  const command = shellCommand("authflow", "clients", "add", name);
  return `To log users in it needs a redirect URI: ${command} https://app.example.com/callback. ` +
    `One that only mints needs none: ${command} --permissions mint`;
}

function jwks(text: string): ClientJwks {
  const { keys } = jsonObject(JWKS_EXAMPLE)(text);
  const isKey = (key: unknown): key is Record<string, unknown> => typeof key === "object" && key !== null;
  if (Array.isArray(keys) && keys.every(isKey)) return { keys };
  throw new InvalidArgumentError(`must be a key set such as '${JWKS_EXAMPLE}'`);
}

const tokensStay = (id: string): string =>
  `Its tokens stay valid until they expire: authflow revoke --client ${id} ends them now`;

function line({ id, name, disabled, secrets, authMethod }: Client, now: number): string {
  const valid = secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now).length;
  const secretCount = `${valid} secret${valid === 1 ? "" : "s"}`;
  const kind = authMethod === "none" ? "public  " : authMethod === "private_key_jwt" ? "keys    " : secretCount;
  return [id, disabled ? "disabled" : "enabled ", kind, name].join("  ");
}
