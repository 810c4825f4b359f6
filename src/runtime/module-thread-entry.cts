/**
 * The file that piscina's thread asks for with `require`; all there is to it is in `module-thread-main.ts`. A thread that
 * is terminated while it requires a module of the other kind makes Node 20 abort the whole process ("IsGraphAsync must be
 * used on an instantiated module"), and an import that is cut short does not.
 */

type Main = typeof import("./module-thread-main.ts", { with: { "resolution-mode": "import" }});

module.exports = {
  run: async (task: Parameters<Main["run"]>[0]) => (await import("./module-thread-main.ts")).run(task),
};
