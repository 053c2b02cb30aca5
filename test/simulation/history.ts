import { type Name, sessionOfClient, subjectOfClient } from "../../src/revocation/entry.js";
import { AuthflowError } from "../../src/shared/errors.js";
import type { AccessTokenClaims } from "../../src/tokens/claims.js";
import { Database } from "./database.js";
import { type Fault, faults } from "./faults.js";
import { Judge, type Token, tokenOf } from "./judge.js";
import { Random } from "./random.js";
import { Redis } from "./redis.js";
import { LONGEST_TTL, MAX_SKEW, Replica, type World } from "./replica.js";
import { Subscriber } from "./subscriber.js";
import { VirtualTime } from "./virtual-time.js";

/** Milliseconds of a history in which things fail, and of the time after it in which all is repaired. */
const FAULTY = 5000;
const REPAIRED = 4500;

/** Everything that takes part in one history. */
export class History implements World {
  readonly seed: number;
  readonly random: Random;
  readonly time = new VirtualTime();
  readonly database = new Database(this);
  readonly redises: readonly Redis[];
  readonly replicas = new Map<string, Replica>();
  readonly subscribers: Subscriber[] = [];
  readonly judge: Judge;
  readonly trace: string[] = [];
  clockError = 0;
  isFaulty = true;
  readonly #tokens: Token[] = [];

  constructor(seed: number) {
    this.seed = seed;
    this.random = new Random(seed);
    this.redises = ["Redis 1", "Redis 2"].map((name) => new Redis(this, name, this.random.chance(0.3)));
    const { time, database, redises } = this;
    this.judge = new Judge({ time, database, redises, replicas: () => this.replicas.values() });
    database.changed = () => { this.judge.compareWithLog(); };
    database.notify = () => { this.#wake(({ redis }) => redis === undefined); };
    for (const redis of redises) redis.published = () => { this.#wake((replica) => replica.redis === redis); };
  }

  run(): Promise<void> {
    return this.time.run(() => this.#run());
  }

  note(text: string): void {
    this.trace.push(`${((this.time.now % 86_400_000) / 1000).toFixed(3)} ${text}`);
  }

  anyReplica(): Replica | undefined {
    const alive = [...this.replicas.values()];
    return alive.length === 0 ? undefined : this.random.pick(alive);
  }

  startReplica(name: string, redis: Redis | undefined): void {
    this.note(`${name} starts`);
    this.replicas.set(name, new Replica(this, { name, redis, skew: this.random.between(-MAX_SKEW, MAX_SKEW) }));
  }

  async #run(): Promise<void> {
    const { random, time, judge } = this;
    const [common, isCommon] = [random.pick(this.redises), random.chance(0.4)];
    const configuration = Array.from({ length: random.between(2, 4) }, (_, index) =>
      ({ name: `replica ${index + 1}`, redis: isCommon ? common : random.pick([...this.redises, undefined]) }));
    for (const { name, redis } of configuration) {
      this.note(`${name}: ${redis?.name ?? "no Redis"}`);
      this.startReplica(name, redis);
    }
    for (let count = random.between(1, 3); count > 0; count--) this.#subscribe();
    const end = time.now + FAULTY;
    while (time.now < end) {
      await time.sleep(random.chance(0.5) ? random.between(0, 20) : random.between(20, 250));
      random.weighted<() => unknown>([
        [4, () => this.#mint()],
        [6, () => { this.#revoke(); }],
        [1, () => { for (let count = random.between(3, 8); count > 0; count--) this.#revoke(); }],
        [8, () => this.#check()],
        [1, () => random.pick(this.subscribers).disconnect()],
        [2, () => { this.#fail(random.weighted(faults)); }],
      ])();
    }
    this.note("everything is repaired");
    this.isFaulty = false;
    this.clockError = 0;
    this.database.isUp = this.database.isWritable = true;
    for (const redis of this.redises) Object.assign(redis, { isUp: true, isFull: false, clockError: 0 });
    for (const { databaseLink, redisLink } of this.replicas.values())
      databaseLink.cutSince = redisLink.cutSince = undefined;
    for (const { name, redis } of configuration) if (!this.replicas.has(name)) this.startReplica(name, redis);
    await time.sleep(REPAIRED);
    judge.checkEnd(this.subscribers);
    for (const replica of this.replicas.values()) await this.#checkAll(replica);
  }

  #fail({ name, run }: Fault): void {
    if (!this.isFaulty) return;
    this.note(name);
    run(this);
    this.judge.compareWithOutlets();
  }

  #mint(): Token {
    const { random, time } = this;
    const issuedAt = time.now + random.between(-MAX_SKEW, MAX_SKEW);
    const hex = issuedAt.toString(16).padStart(12, "0");
    const uuid = `${hex.slice(0, 8)}-${hex.slice(8)}-7${random.hex(3)}-8${random.hex(3)}-${random.hex(12)}`;
    const claims = {
      jti: random.chance(0.8) ? uuid : `id-${random.hex(6)}`,
      sub: `subject ${random.between(1, 3)}`, client_id: `client ${random.between(1, 2)}`,
      ...(random.chance(0.5) && { sid: `session ${random.between(1, 3)}` }),
      iat: Math.floor(issuedAt / 1000), exp: Math.floor(issuedAt / 1000) + random.pick([900, 3600, LONGEST_TTL]),
    } as AccessTokenClaims;
    const token = tokenOf(claims, `key ${random.between(1, 4)}`);
    this.#tokens.push(token);
    return token;
  }

  #revoke(): void {
    const { random, time, judge } = this;
    const replica = this.anyReplica();
    if (replica === undefined) return;
    const { revocations } = replica;
    const token = this.#tokens.length > 0 && random.chance(0.6) ? random.pick(this.#tokens) : this.#mint();
    if (token.expiresAt <= time.now) return;
    const { claims: { jti, sub, client_id = "" }, kid } = token;
    const sid = token.claims.sid as string | undefined ?? "session 1";
    const confirmation = { by: replica, wasFilled: replica.follower.isFilled, since: time.now };
    const cutoff = (name: Name) => () => { judge.acknowledgeCutoff(confirmation, name, LONGEST_TTL); };
    const one = (): void => { judge.acknowledgeToken(confirmation, token); };
    const [what, request, confirmed] = random.weighted<[string, () => Promise<unknown>, () => void]>([
      [10, [`token ${jti}`, () => revocations.revoke(token), one]],
      [2, [`token ${jti} by its id`, () => revocations.revokeAsOperator({ jti }), one]],
      [2, [`everything of ${sub} by ${jti}`, () => revocations.revokeEverywhere(token), () => {
        one();
        cutoff({ scope: "sub", value: sub })();
      }]],
      [2, [sub, () => revocations.revokeAsOperator({ sub }), cutoff({ scope: "sub", value: sub })]],
      [2, [`${sub} of ${client_id}`, () => revocations.revokeAsOperator({ sub, client_id }),
        cutoff(subjectOfClient(client_id, sub))]],
      [1, [sid, () => revocations.revokeAsOperator({ sid }), cutoff({ scope: "sid", value: sid })]],
      [1, [`${sid} of ${client_id}`, () => revocations.endClientSession(client_id, sid),
        cutoff(sessionOfClient(client_id, sid))]],
      [1, [client_id, () => revocations.revokeClient(client_id), cutoff({ scope: "client_id", value: client_id })]],
      [0.3, [kid, () => revocations.revokeKey(kid), cutoff({ scope: "kid", value: kid })]],
    ]);
    this.note(`revoke ${what} at ${replica.name}`);
    void request().then(() => {
      if (!replica.isAlive) return "not confirmed";
      confirmed();
      return "confirmed";
    }, (error: unknown) => {
      if (!replica.isAlive) return "not confirmed";
      // "The token was revoked" confirms that the token is refused.
      if (error instanceof AuthflowError && error.code === "invalid_token") {
        one();
        return "confirmed: it was revoked before";
      }
      judge.expectUnavailable(error, `revoke ${what}`);
      return "not confirmed";
    }).then((outcome) => {
      this.note(`${outcome}: revoke ${what}`);
      // What was just confirmed is known in the fewest places.
      if (random.chance(0.03)) time.after(random.between(0, 30), () => { this.#fail(random.weighted(faults)); });
      for (const other of this.replicas.values()) if (random.chance(0.5)) void judge.check(other, token);
    });
  }

  #check(): void {
    const replica = this.anyReplica();
    if (replica === undefined || this.#tokens.length === 0) return;
    if (this.random.chance(0.1)) return void this.#checkAll(replica);
    const token = this.random.pick(this.#tokens);
    if (token.expiresAt > this.time.now) void this.judge.check(replica, token);
  }

  async #checkAll(replica: Replica): Promise<void> {
    const live = this.#tokens.filter(({ expiresAt }) => expiresAt > this.time.now);
    await Promise.all(live.map((token) => this.judge.check(replica, token)));
  }

  #subscribe(): void {
    const subscriber = new Subscriber(this, () => this.anyReplica());
    subscriber.current = (since) => { this.judge.checkSubscriber((entry) => subscriber.knows(entry), since); };
    this.subscribers.push(subscriber);
    void subscriber.follow(this.random.chance(0.3));
  }

  #wake(isConcerned: (replica: Replica) => boolean): void {
    for (const replica of this.replicas.values())
      if (isConcerned(replica) && this.random.chance(0.8))
        this.time.after(this.random.between(0, 5), () => { replica.wake(); });
  }
}
