import { run } from "../../testing/run.ts";

export interface ClientOptions {
  readonly name: string;
  readonly image: string;
  readonly network: string;
}

/** A container with PostgreSQL's client programs on a stack's own network: it reaches servers without a proxy in between. */
export class ClientContainer {
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
  }

  static async start({ name, image, network }: ClientOptions): Promise<ClientContainer> {
    // A thousand clients are a thousand open files. The tail does nothing; commands come in through exec.
    const options = ["--name", name, "--network", network, "--ulimit", "nofile=16384:16384", "--init"];
    const { code, output } = await run("docker", ["run", "--detach", ...options, image, "tail", "-f", "/dev/null"]);
    if (code !== 0) throw new Error(`the client container did not start:\n${output}`);
    return new ClientContainer(name);
  }

  /** For commands in a container that is there for something else. */
  static inside(name: string): ClientContainer {
    return new ClientContainer(name);
  }

  /** Runs a script; it comes in through standard input, so a password in it shows nowhere. */
  shell(script: string, timeoutMs: number): ReturnType<typeof run> {
    return run("docker", ["exec", "--interactive", this.#name, "bash", "-s"], { stdin: script, timeoutMs });
  }
}
