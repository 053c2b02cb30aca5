/** Milliseconds: some modules wait for half a minute on purpose. */
const MODULE_TIMEOUT = 180_000;
const REMARKS = ["FAILURE", "WARNING", "REVIEW", "SKIPPED"];

/** The API of a conformance suite that runs at `url`. Its methods reject with an Error that quotes a bad answer. */
export class Suite {
  #origin;

  constructor(url) {
    this.#origin = new URL(url).origin;
  }

  async version() {
    return (await this.#call("GET", "/api/server")).version;
  }

  /** Resolves to `{ id, modules }`, where a module is `{ testModule, variant }`. */
  createPlan({ name, variant = {} }, configuration) {
    return this.#call("POST", "/api/plan", { planName: name, variant: JSON.stringify(variant) }, configuration);
  }

  /**
   * Runs a module of a plan to its end. As soon as it waits for the outside, `walk` is called with the values that the
   * module exposes, such as its `issuer`. Resolves to `{ result, remarks, log, walked }`: the suite's verdict
   * (INTERRUPTED or UNFINISHED if there is none), the messages in its log that are about more than a success, the
   * address of that log, what `walk` resolved to.
   */
  async run(plan, { testModule, variant = {} }, walk) {
    const query = { test: testModule, plan: plan.id, variant: JSON.stringify(variant) };
    const { id } = await this.#call("POST", "/api/runner", query);
    const ready = await this.#reaches(id, "CONFIGURED", "WAITING");
    if (ready === "CONFIGURED") await this.#call("POST", `/api/runner/${id}`);
    const isWaiting = await this.#reaches(id, "WAITING") === "WAITING";
    const walked = isWaiting ? await walk((await this.#call("GET", `/api/runner/${id}`)).exposed) : undefined;
    const status = await this.#reaches(id);
    const { result } = await this.#call("GET", `/api/info/${id}`);
    const entries = await this.#call("GET", `/api/log/${id}`);
    return {
      result: status === "FINISHED" ? result : status, walked,
      remarks: entries.filter((entry) => REMARKS.includes(entry.result)).map(({ msg }) => msg),
      log: `${this.#origin}/log-detail.html?log=${id}`,
    };
  }

  /** Resolves to the status of a module when it is one of `wanted` or a last one. */
  async #reaches(id, ...wanted) {
    const states = [...wanted, "FINISHED", "INTERRUPTED"].join();
    for (const deadline = Date.now() + MODULE_TIMEOUT; Date.now() < deadline;) {
      const { state } = await this.#call("GET", `/api/runner/${id}/wait-state`, { states, timeoutMs: "30000" });
      if (state !== undefined) return state;
    }
    return "UNFINISHED";
  }

  async #call(method, path, query = {}, body) {
    const url = `${this.#origin}${path}?${new URLSearchParams(query)}`;
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
      .catch(({ cause }) => { throw new Error(`${method} ${url}: ${cause?.message}`, { cause }); });
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${(await response.text()).slice(0, 500)}`);
    return response.json();
  }
}
