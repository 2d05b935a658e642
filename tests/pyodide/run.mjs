// Run pytest in the browser's Python: node run.mjs SETTINGS
// SETTINGS is a JSON object: `mounts` says which folder of this machine stands where in that one,
// `path` where Python looks for modules, and `arguments` what pytest is told.
import { loadPyodide } from "pyodide";

async function main(text) {
  const python = await loadPyodide();
  for (const [inside, outside] of Object.entries(JSON.parse(text).mounts)) {
    python.FS.mkdirTree(inside);
    python.FS.mount(python.FS.filesystems.NODEFS, { root: outside }, inside);
  }
  python.globals.set("text", text);
  return python.runPython(`
import json, sys

settings = json.loads(text)
sys.path[:0] = settings["path"]
sys.dont_write_bytecode = True
import pytest

int(pytest.main(settings["arguments"]))
`);
}

try {
  process.exitCode = await main(process.argv[2]);
} catch (error) {
  console.error(error.message); // without this Node would print the line, which is the whole engine
  process.exitCode = 1;
}
