// What the servers under test are (DURWARD_TEST_TARGET): `embedded`, one process that keeps everything in memory; `postgres`,
// one process on a database of its own; `fleet`, the split fleet of tools/fleet behind nginx.
const targets = ['embedded', 'postgres', 'fleet'];
export const target = process.env.DURWARD_TEST_TARGET || 'embedded';
if (!targets.includes(target)) throw new Error(`DURWARD_TEST_TARGET is ${target}; it may be ${targets.join(', ')}`);

// Options of a describe() that cannot run against a fleet, and why; the runner shows the reason.
export const embeddedOnly = reason => ({ skip: target === 'fleet' && reason });
