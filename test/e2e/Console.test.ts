/** The operator's console as its operators meet it: through a pipe, through its socket, and in a terminal. */
import { lstatSync, statSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Clients from "./Clients.ts"
import * as Program from "./ConsoleProgram.ts"

const urlIn = (text: string, protocol: string): string => new RegExp(`${protocol} (\\S+?)(,|\\s)`).exec(text)![1]!

/** Two users of two protocols, who have logged in in this order. */
const users = Effect.fnUntraced(function* (text: string) {
  const alice = yield* Clients.chatmaster(urlIn(text, "chatmaster"))
  yield* alice.command("login", { username: "alice", stream: true })
  yield* alice.takeUntil(({ type }) => type === "session")
  const bob = yield* Clients.sockets(urlIn(text, "sockets"))
  yield* bob.ask("register", "bob")
  return { alice, bob }
})

const ready = /Only this machine[^\n]*\n/

describe("the console on a pipe", () => {
  it.live("lists, kills and says over protocols, and stops the server", () =>
    Effect.gen(function* () {
      const server = yield* Program.pipe(Program.server(yield* Program.folder))
      yield* server.says(ready)
      const { alice, bob } = yield* users(server.stdout())
      server.child.stdin.write(":list\n")
      yield* server.says(/Peer list \(2\):\n *ID +NAME +PROTOCOL .*\n +1 +alice +chatmaster .*\n +2 +bob +sockets /)
      server.child.stdin.write(":kill alice\r\n:kill 1\n:kill\n")
      yield* server.says(/Killed 1 peer: alice\n/)
      yield* server.says(/Error: no peer has the id or name "1"; .*\nError: missing argument of :kill\.\nUsage: /)
      yield* server.logs(/alice was killed by an operator/)
      yield* alice.takeUntil(({ data }) => String(data["message"]).includes("closed by an operator"))
      yield* alice.closed
      assert.include(yield* bob.from("Server").pipe(Effect.repeat({ until: (it) => it.includes("left") })), "alice")
      server.child.stdin.write(":say dinner is ready")
      server.child.stdin.end()
      yield* server.says(/Said it to 1 peer\.\n/)
      assert.strictEqual(
        yield* bob.from("Server").pipe(Effect.repeat({ until: (it) => it.includes("dinner") })),
        "dinner is ready"
      )
      assert.isNull(server.child.exitCode)
      server.child.kill("SIGTERM")
      assert.strictEqual(yield* server.exit, 0)
      assert.notInclude(server.stdout(), "parlance>")
    }).pipe(Effect.scoped)
  )

  it.live(":exit stops the server in good order", () =>
    Effect.gen(function* () {
      const server = yield* Program.pipe(Program.server(yield* Program.folder))
      yield* server.says(ready)
      const { bob } = yield* users(server.stdout())
      server.child.stdin.write(":exit\n:list\n")
      assert.include(
        yield* bob.from("Server").pipe(Effect.repeat({ until: (it) => it.includes("stopping") })),
        "server"
      )
      assert.strictEqual(yield* server.exit, 0)
      assert.match(server.stdout(), /Exiting server \.\.\.\n$/)
    }).pipe(Effect.scoped)
  )

  it.live(":ban keeps an address out, :unban lets it in again", () =>
    Effect.gen(function* () {
      const server = yield* Program.pipe(Program.server(yield* Program.folder))
      yield* server.says(ready)
      const { bob } = yield* users(server.stdout())
      server.child.stdin.write(":ban 127.0.0.1\n")
      yield* server.says(/Banned 127\.0\.0\.1 until it is lifted.*Killed 2 peers: alice, bob\n/)
      yield* bob.closed
      const { hostname, port } = new URL(urlIn(server.stdout(), "chatmaster"))
      const refused = connect(Number(port), hostname).resume()
      yield* Clients.closedOf(refused)
      server.child.stdin.write(":unban 127.0.0.1\n")
      yield* server.says(/127\.0\.0\.1 is not banned any more/)
      yield* users(server.stdout())
    }).pipe(Effect.scoped)
  )

  it.live("-s logs nothing, -t a line per packet, and :unmute changes it", () =>
    Effect.gen(function* () {
      const server = yield* Program.pipe(Program.server(yield* Program.folder, "-s"))
      yield* server.says(ready)
      const { bob } = yield* users(server.stdout())
      server.child.stdin.write(":unmute COMPACT\n")
      yield* server.says(/Unmuted the server: tiny/)
      assert.strictEqual(server.stderr(), "")
      yield* bob.ask("message", { from: "bob", message: "good\u001bday" })
      yield* server.logs(/^<- sockets bob: Event \{.*"message".*good\\\\?u/m)
      yield* server.logs(/^-> chatmaster alice: \{.*good/m)
      assert.notInclude(server.stderr(), "\u001b")
      server.child.stdin.write(":mute\n:info\n")
      yield* server.says(/Muted the server\n[^]*log: +silent/)
    }).pipe(Effect.scoped)
  )

  it.live("does not read what is no pipe and no terminal", () =>
    Effect.gen(function* () {
      const home = yield* Program.folder
      const server = yield* Program.shell(`exec "$@" </dev/null`, Program.server(home))
      yield* server.says(ready)
      const client = yield* Program.pipe(Program.client(home))
      client.child.stdin.end(":info\n")
      yield* client.says(/uptime/)
      assert.strictEqual(yield* client.exit, 0)
      assert.notInclude(server.stdout(), "uptime")
    }).pipe(Effect.scoped)
  )
})

describe("the console on its socket", () => {
  it.live("serves several clients, of which each gets its own answers", () =>
    Effect.gen(function* () {
      const home = yield* Program.folder
      const server = yield* Program.pipe(Program.server(home))
      yield* server.says(ready)
      assert.strictEqual(statSync(join(home, "console.sock")).mode & 0o777, 0o600)
      yield* users(server.stdout())
      const one = yield* Program.pipe(Program.client(home))
      const two = yield* Program.pipe(Program.client(home))
      one.child.stdin.write(":ls\n")
      yield* one.says(/Peer list \(2\)/)
      two.child.stdin.end(":kill all\n:list")
      yield* two.says(/Killed 2 peers: alice, bob\nPeer list: \[\]\n/)
      assert.strictEqual(yield* two.exit, 0)
      one.child.stdin.write(`${"x".repeat(9000)}\n:exit\n`)
      yield* one.says(/Error: the line is longer than 8192 bytes\.\nExiting server/)
      assert.deepStrictEqual([yield* one.exit, yield* server.exit], [0, 0])
      assert.isUndefined(lstatSync(join(home, "console.sock"), { throwIfNoEntry: false }))
      assert.notInclude(one.stdout(), "Killed")
    }).pipe(Effect.scoped)
  )

  it.live("is not there without a server, which is one line and exit code 1", () =>
    Effect.gen(function* () {
      const home = yield* Program.folder
      const client = yield* Program.pipe(Program.client(home))
      assert.strictEqual(yield* client.exit, 1)
      assert.strictEqual(client.stderr(), `Cannot open the console ${home}/console.sock: no server runs there\n`)
      assert.strictEqual(client.stdout(), "")
    }).pipe(Effect.scoped)
  )

  it.live("takes the place of a dead server's, and not of a living one's", () =>
    Effect.gen(function* () {
      const home = yield* Program.folder
      const dead = yield* Program.pipe(Program.server(home))
      yield* dead.says(ready)
      dead.child.kill("SIGKILL")
      yield* dead.exit
      assert.isTrue(lstatSync(join(home, "console.sock")).isSocket())
      const living = yield* Program.pipe(Program.server(home))
      yield* living.says(ready)
      // One that keeps nothing may share the folder.
      const other = yield* Program.pipe(Program.server(home, "--storage", "memory"))
      yield* other.logs(/level=ERROR .*console\.sock: another server has its console there/)
      other.child.kill("SIGTERM")
      assert.strictEqual(yield* other.exit, 0)
      const client = yield* Program.pipe(Program.client(home))
      client.child.stdin.end(":info\n")
      yield* client.says(/uptime/)
      assert.strictEqual(living.stderr(), "")
    }).pipe(Effect.scoped)
  )

  it.live("leaves alone a file that is no socket", () =>
    Effect.gen(function* () {
      const home = yield* Program.folder
      writeFileSync(join(home, "console.sock"), "mine")
      const server = yield* Program.pipe(Program.server(home))
      yield* server.logs(/there is a file that is no socket/)
      server.child.kill("SIGTERM")
      assert.strictEqual(yield* server.exit, 0)
      assert.strictEqual(statSync(join(home, "console.sock")).size, 4)
    }).pipe(Effect.scoped)
  )
})

/** Lets a program connect to what only speaks when it is spoken to. */
const joins = (url: string, name: string) =>
  Effect.gen(function* () {
    const client = yield* Clients.chatmaster(url)
    yield* client.command("login", { username: name, stream: true })
    yield* client.takeUntil(({ type }) => type === "session")
  })

if (!Program.hasTmux) process.stderr.write("tmux is missing: the console is not tested in a terminal\n")

describe.skipIf(!Program.hasTmux)("the console in a terminal", () => {
  it.live("keeps a half-typed line whole when a log line comes, also one of several rows", () =>
    Effect.gen(function* () {
      const pane = yield* Program.terminal(Program.server(yield* Program.folder), { columns: 60, rows: 40 })
      const [banner] = yield* pane.shows(/Parlance[^]*parlance>$/m)
      const url = urlIn(banner.replaceAll("\n", ""), "chatmaster")
      pane.type(":say half a line")
      yield* pane.shows(/^parlance> :say half a line$/m)
      yield* joins(url, "alice")
      yield* pane.shows(/alice logged in[^]*\nparlance> :say half a line$/)
      pane.type(` that goes on ${"and on ".repeat(12)}`)
      yield* pane.shows(/and\s+on$/)
      pane.press("Left")
      yield* joins(url, "bob")
      yield* pane.shows(/bob logged in[^]*\nparlance> :say half a line that goes on and on [^]*and\s+on$/)
      const screen = pane.screen()
      assert.lengthOf(screen.match(/half a line/g)!, 1, screen)
      assert.include(screen.replaceAll("\n", ""), `:say half a line that goes on ${"and on ".repeat(12)}`.trimEnd())
      pane.press("Enter")
      yield* pane.shows(/Said it to 2 peers\.\nparlance>$/)
    }).pipe(Effect.scoped)
  )

  it.live("has a history, clears the screen, and ends by Ctrl-D without the server", () =>
    Effect.gen(function* () {
      const home = yield* Program.folder
      const pane = yield* Program.terminal(Program.server(home))
      yield* pane.shows(/^parlance>/m)
      pane.type(":info")
      pane.press("Enter")
      yield* pane.shows(/uptime:[^]*parlance>$/)
      pane.type(":cc")
      pane.press("Enter")
      yield* pane.shows(/^parlance>$/)
      pane.press("Up")
      yield* pane.shows(/^parlance> :cc$/)
      pane.press("Up")
      yield* pane.shows(/^parlance> :info$/)
      pane.press("Enter")
      yield* pane.shows(/uptime:[^]*parlance>$/)
      pane.press("C-d")
      yield* pane.shows(/The console is closed, the server goes on/)
      const client = yield* Program.pipe(Program.client(home))
      client.child.stdin.end(":info\n")
      yield* client.says(/uptime/)
      pane.press("C-c")
      yield* pane.shows(/ended 0$/)
    }).pipe(Effect.scoped)
  )

  it.live("stops the server with exit code 0 on Ctrl-C in the middle of a line", () =>
    Effect.gen(function* () {
      const pane = yield* Program.terminal(Program.server(yield* Program.folder))
      yield* pane.shows(/^parlance>/m)
      pane.type(":kil")
      yield* pane.shows(/:kil$/)
      pane.press("C-c")
      yield* pane.shows(/ended 0$/)
    }).pipe(Effect.scoped)
  )

  it.live("is as good to the socket: it edits, leaves by Ctrl-D, and ends with the server", () =>
    Effect.gen(function* () {
      const home = yield* Program.folder
      const server = yield* Program.pipe(Program.server(home))
      yield* server.says(ready)
      const leaving = yield* Program.terminal(Program.client(home))
      yield* leaving.shows(/^This is the console of the server in .*\nparlance>$/)
      leaving.type(":lost")
      for (const _ of "ost") leaving.press("BSpace")
      leaving.type("ist")
      leaving.press("Enter")
      yield* leaving.shows(/^Peer list: \[\]\nparlance>$/m)
      leaving.press("C-d")
      yield* leaving.shows(/ended 0$/)
      const staying = yield* Program.terminal(Program.client(home))
      yield* staying.shows(/^parlance>$/m)
      server.child.kill("SIGTERM")
      assert.strictEqual(yield* server.exit, 0)
      yield* staying.shows(/ended 0$/)
    }).pipe(Effect.scoped)
  )

  it.live("does not touch the terminal from the background", () =>
    Effect.gen(function* () {
      const home = yield* Program.folder
      const pane = yield* Program.shellTerminal
      yield* pane.shows(/\$$/)
      pane.type(`${Program.words(Program.server(home))} &`)
      pane.press("Enter")
      yield* pane.shows(/Only this machine/)
      const client = yield* Program.pipe(Program.client(home))
      client.child.stdin.end(":say still here\n:exit\n")
      yield* client.says(/Said it to 0 peers/)
      pane.type(`wait $!; echo "ended $?"`)
      pane.press("Enter")
      yield* pane.shows(/^ended 0$/m)
      assert.notInclude(pane.screen(), "parlance>")
      assert.notInclude(pane.screen(), "Stopped")
    }).pipe(Effect.scoped)
  )

  it.live(
    "goes on behind Ctrl-Z, in the background without the terminal and in the foreground with the same line",
    () =>
      Effect.gen(function* () {
        const pane = yield* Program.shellTerminal
        yield* pane.shows(/\$$/)
        pane.type(Program.words(Program.server(yield* Program.folder)))
        pane.press("Enter")
        const [banner] = yield* pane.shows(/Parlance[^]*\nparlance>$/)
        pane.type(":li")
        yield* pane.shows(/^parlance> :li$/m)
        pane.press("C-z")
        yield* pane.shows(/Stopped[^]*\n\$$/)
        pane.type("fg")
        pane.press("Enter")
        yield* pane.shows(/\$ fg\n[^]*\nparlance> :li$/)
        pane.type("st")
        pane.press("Enter")
        yield* pane.shows(/Peer list: \[\]\nparlance>$/)
        pane.press("C-z")
        yield* pane.shows(/Peer list[^]*Stopped[^]*\n\$$/)
        pane.type("bg")
        pane.press("Enter")
        yield* pane.shows(/\$ bg\n[^]*\n\$$/)
        yield* joins(urlIn(banner.replaceAll("\n", ""), "chatmaster"), "alice")
        yield* pane.shows(/alice logged in[^]*address: /)
        pane.type("fg")
        pane.press("Enter")
        yield* pane.shows(/address: [^]*fg\n'/)
        yield* joins(urlIn(banner.replaceAll("\n", ""), "chatmaster"), "bob")
        yield* pane.shows(/bob logged in[^]*\nparlance>$/)
        pane.press("C-c")
        yield* pane.shows(/\n\$$/)
        pane.type(`echo "ended $?"`)
        pane.press("Enter")
        yield* pane.shows(/^ended 0$/m)
        assert.lengthOf(pane.screen().match(/Stopped/g)!, 2)
      }).pipe(Effect.scoped)
  )
})
