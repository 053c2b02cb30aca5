import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../e2e/support.js";
import { postJson } from "./client.js";
import { Ledger, type Path } from "./ledger.js";
import type { Listener } from "./listener.js";
import { type Token, toToken, type View, viewsOf } from "./views.js";
import type { World } from "./world.js";

/** People who log in and out at the same time. */
const WORKERS = 4;
/** Milliseconds between what each of them does, and between two samples: the short form leaves others their time. */
const PAUSE = process.env.AUTHFLOW_CHAOS === "long" ? 20 : 60;
/** Milliseconds that a path gets to refuse when all is well again: far more than it takes, for busy machines. */
const SETTLE = 60_000;
/** Logouts that have to be acknowledged before a scenario goes on. */
const SOME = 10;

interface Ended { token: Token; at: number; refusedBy: Set<View>; missingSince: Map<View, number> }

/** Mints and logs out at random replicas while `harm` runs, and checks on every path what becomes of the tokens. */
export async function watch(
  world: World,
  listeners: Listener[],
  { expiresIn, except }: { expiresIn: number | undefined; except: Path | undefined },
  /** `logouts` resolves when some more were acknowledged, after so many milliseconds at the earliest. */
  harm: (logouts: (atLeast: number) => Promise<void>) => Promise<void>,
): Promise<Ledger> {
  const ledger = new Ledger();
  const views = viewsOf(world, listeners).filter(({ path }) => path !== except);
  const ended: Ended[] = [];
  const watching: Promise<void>[] = [];
  let over = false;
  const somewhere = (): string => world.replicas[Math.floor(Math.random() * world.replicas.length)]?.url ?? "";

  const acknowledge = (token: Token): void => {
    const one: Ended = { token, at: performance.now(), refusedBy: new Set(), missingSince: new Map() };
    ledger.acknowledged++;
    ended.push(one);
    watching.push(...views.map(async (view) => {
      while (!over && !one.refusedBy.has(view)) {
        await check(one, view);
        await sleep(view.every);
      }
    }));
  };

  const check = async (one: Ended, view: View): Promise<void> => {
    const asked = performance.now();
    const opinion = await view.read(one.token);
    if (opinion === "refused") {
      one.refusedBy.add(view);
      one.missingSince.delete(view);
    } else if (opinion === "accepted" && !one.refusedBy.has(view)) {
      ledger.accepted(view.path, asked - one.at);
    } else if (opinion === "accepted" && view.mayForget === true) {
      const since = one.missingSince.get(view) ?? asked;
      one.missingSince.set(view, since);
      ledger.accepted(view.path, performance.now() - since);
    } else if (opinion === "accepted") {
      ledger.revived.add(`${one.token.claims.jti} by ${view.path}`);
    }
  };

  const work = async (): Promise<void> => {
    while (!over) {
      const sub = crypto.randomUUID();
      const request = { sub, ...(expiresIn && { expires_in: expiresIn }) };
      const { status, body } = await postJson(`${somewhere()}/mint`, request, world.client.headers);
      if (status === 200) {
        const token = toToken(String(body.access_token));
        if (await logOut(token, somewhere, world, () => over)) acknowledge(token);
      }
      await sleep(PAUSE);
    }
  };
  const sample = async (): Promise<void> => {
    while (!over) {
      const one = ended[Math.floor(Math.random() * ended.length)];
      if (one !== undefined) {
        await Promise.all(views.filter((view) => one.refusedBy.has(view)).map((view) => check(one, view)));
      }
      await sleep(PAUSE);
    }
  };
  const working = [...Array.from({ length: WORKERS }, work), sample(), sample()];
  try {
    await harm(async (atLeast) => {
      const enough = ledger.acknowledged + SOME;
      await sleep(atLeast);
      await until(`${enough} logouts are acknowledged`, () => ledger.acknowledged >= enough);
    });
    await world.healed();
    await sleep(500);
  } finally {
    over = true;
    await Promise.all([...working, ...watching]);
  }
  const rest = [...ended];
  const last = async (): Promise<void> => {
    for (let one = rest.pop(); one !== undefined; one = rest.pop()) {
      const { token, at, refusedBy } = one;
      await Promise.all(views.map((view) => settle(token, at, refusedBy.has(view), view, ledger)));
    }
  };
  await Promise.all(Array.from({ length: 10 }, last));
  return ledger;
}

/** In the end every path refuses; what was away until now, and had not refused before, may take a moment. */
async function settle(token: Token, at: number, hadRefused: boolean, view: View, ledger: Ledger): Promise<void> {
  for (const deadline = performance.now() + SETTLE; ;) {
    const asked = performance.now();
    const opinion = await view.read(token);
    if (opinion === "refused") return;
    if (opinion === "accepted" && !hadRefused) ledger.accepted(view.path, asked - at);
    if (asked > deadline || opinion === "accepted" && hadRefused) {
      return void ledger.revived.add(`${token.claims.jti} by ${view.path}, ${opinion} in the end`);
    }
    await sleep(view.every);
  }
}

/** By one of the ways there are; tried again until it is answered. */
async function logOut(token: Token, somewhere: () => string, world: World, over: () => boolean): Promise<boolean> {
  const bearer = { authorization: `Bearer ${token.text}` };
  const ways = [
    () => postJson(`${somewhere()}/logout`, {}, bearer),
    () => postJson(`${somewhere()}/logout`, {}, bearer),
    () => postJson(`${somewhere()}/logout`, { everywhere: true }, bearer),
    () => postJson(`${somewhere()}/revocations`, { sub: token.claims.sub }, world.client.headers),
  ];
  const way = ways[Math.floor(Math.random() * ways.length)] as (typeof ways)[number];
  for (let attempt = 0; !over() || attempt < 20; attempt++) {
    const { status, body } = await way();
    // The attempt before, whose answer was lost, had done it. A token that a wrong clock calls expired is not revoked.
    const wasRevoked = status === 401 && body.error_description === "The token was revoked";
    if (status === 200 || attempt > 0 && wasRevoked) return true;
    await sleep(200);
  }
  return false;
}
