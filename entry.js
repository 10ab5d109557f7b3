// What Pulumi loads first. Plain JavaScript, so that a Node that cannot read TypeScript still gets as far as this line.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(`pgstack needs Node 24 or newer; this is ${process.version} (${process.execPath}). Run: eval "$(make -s env)"`);
  process.exit(1);
}
// The SDK takes a stack trace for each promise, and the hook that Pulumi's loader installs maps every one of them:
// 0.5 to 1 s of each run. Node's own type stripping keeps line numbers, so the hook has nothing to add.
Error.prepareStackTrace = undefined;

const { default: program } = await import("./index.ts");
export default program;
