// A customer who puts code into their tenant through the management API, with the stock SDK where it has what is needed.
export class Scripts {
  constructor(world) {
    this.world = world;
    this.bound = new Map(); // trigger -> bindings
    this.others = [];       // paths to delete
    this.count = 0;
  }

  async clear() {
    for (const [trigger, bindings] of this.bound) {
      await this.#put(trigger, []);
      for (const { id } of bindings) await this.world.management.actions.delete(id, { force: true });
    }
    this.bound.clear();
    for (const path of this.others.splice(0)) await this.#api('DELETE', path);
  }

  // An action that is deployed and runs after those bound before.
  async bind(trigger, code, { secrets = {}, name = `action ${++this.count}`, failure_policy, dependencies = [] } = {}) {
    const { actions } = this.world.management;
    const versions = { 'post-login': 'v3', 'password-reset-post-challenge': 'v1' };
    const made = await actions.create({ name, code, supported_triggers: [{ id: trigger, version: versions[trigger] ?? 'v2' }], runtime: 'node22', dependencies,
      secrets: Object.entries(secrets).map(([key, value]) => ({ name: key, value })) });
    await actions.deploy(made.id);
    const bindings = [...(this.bound.get(trigger) ?? []), { id: made.id, name, failure_policy }];
    this.bound.set(trigger, bindings);
    await this.#put(trigger, bindings);
    return made;
  }
  #put(trigger, bindings) {
    return this.#api('PATCH', `/actions/triggers/${trigger}/bindings`, { bindings: bindings.map(b => ({
      ref: { type: 'action_id', value: b.id }, display_name: b.name, ...(b.failure_policy && { failure_policy: b.failure_policy }) })) });
  }

  async rule(script) {
    const rule = await this.#api('POST', '/rules', { name: `rule ${++this.count}`, script, enabled: true });
    this.others.push(`/rules/${rule.id}`);
    return rule;
  }
  async hook(triggerId, script, secrets) {
    const hook = await this.#api('POST', '/hooks', { name: `hook-${++this.count}`, script, triggerId });
    this.others.push(`/hooks/${hook.id}`);
    if (secrets) await this.#api('POST', `/hooks/${hook.id}/secrets`, secrets);
    await this.#api('PATCH', `/hooks/${hook.id}`, { enabled: true });
    return hook;
  }

  // Resolves when a script said this; scripts that nobody waits for run after the answer.
  async said(text) {
    for (let tries = 0; tries < 200; ++tries) {
      const response = await fetch(this.world.url('/api/v2/actions/logs/tail'), { headers: { authorization: `Bearer ${await this.#token()}` } });
      if ((await response.text()).includes(text)) return;
      await new Promise(resolve => setTimeout(resolve, 25));
    }
    throw new Error(`nobody said: ${text}`);
  }

  async #token() { return this.token ??= await this.world.managementToken(); }
  async #api(method, path, body) {
    const answer = await this.world.api(method, path, body, await this.#token());
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}
