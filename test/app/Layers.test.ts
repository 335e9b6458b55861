/** The parts of the server as layers: had one by one, given services of one's own, and kept apart. */
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpServer } from "@effect/platform-node"
import { Clock, Config, ConfigProvider, Context, Duration, Effect, Exit, Layer, Option, Scope, Stream } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import {
  Attachments,
  Chat,
  ChatMasterProtocol,
  Connections,
  Directory,
  History,
  Listener,
  Listeners,
  type NameClaim,
  Quota,
  Routes,
  Server,
  Settings,
  type SettingsInput,
  Storage,
  StorageHealth,
  Visitor
} from "../../src/mod.ts"
import * as Clients from "../e2e/Clients.ts"

const ports = { tossPort: 0, tsockmPort: 0, chatmasterPort: 0, packetPort: 0, httpPort: 0 } as const
const inMemory: SettingsInput = { ...ports, storage: "memory", dataDir: "/nonexistent/parlance", httpPort: "off" }

const urlOf = ({ addresses }: Listener.Bound): string => addresses[0]!.url

const addressesOf = Effect.map(Server, ({ addresses }) => addresses)

const chatmasterUrl = Effect.map(addressesOf, (all) => all.find(({ protocol }) => protocol === "chatmaster")!.url)

describe("Listeners", () => {
  const core = Connections.layer.pipe(Layer.provideMerge(Chat.layer))

  it.live("each is a layer of its own, which knows where it listens", () =>
    Effect.gen(function* () {
      const all = [
        yield* Listeners.Toss,
        yield* Listeners.Tsockm,
        yield* Listeners.ChatMaster,
        yield* Listeners.Packet,
        yield* Listeners.Sockets
      ]
      const said = all.flatMap(({ addresses }) =>
        addresses.map(({ protocol, url }) => [protocol, new URL(url).protocol])
      )
      assert.deepStrictEqual(said, [
        ["toss", "tcp:"],
        ["tsockm", "tcp:"],
        ["chatmaster", "tcp:"],
        ["packet", "tcp:"],
        ["packet", "udp:"],
        ["sockets", "http:"]
      ])
      const alice = yield* Clients.chatmaster(urlOf(yield* Listeners.ChatMaster))
      yield* alice.login("alice")
      const bob = yield* Clients.sockets(urlOf(yield* Listeners.Sockets))
      yield* bob.ask("register", "bob")
      yield* alice.say("hello")
      assert.strictEqual(yield* bob.from("alice"), "hello")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.mergeAll(
          Listeners.toss({ port: 0 }),
          Listeners.tsockm({ port: 0 }),
          Listeners.chatmaster({ port: 0, gapMillis: 0 }),
          Listeners.packet({ port: 0 }),
          Listeners.sockets({ port: 0 })
        ).pipe(Layer.provideMerge(core))
      )
    )
  )

  it.live("one that is over tells its peers, and leaves those of the others alone", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(core)
      const first = yield* Scope.make()
      const open = (scope: Scope.Scope) =>
        Layer.buildWithScope(Listeners.chatmaster({ port: 0 }), scope).pipe(
          Effect.map((built) => urlOf(Context.get(built, Listeners.ChatMaster))),
          Effect.provide(context)
        )
      const going = yield* Clients.chatmaster(yield* open(first))
      yield* going.login("going")
      const staying = yield* Clients.chatmaster(yield* open(yield* Effect.scope))
      yield* staying.login("staying")
      yield* Scope.close(first, Exit.void)
      const last = yield* going.takeUntil(({ type }) => type === "message")
      assert.strictEqual(last.data["username"], "Server")
      yield* going.closed
      const left = yield* staying.takeUntil(({ data }) => data["event_type"] === "user_left")
      assert.include(JSON.stringify(left), "going")
      assert.isFalse(staying.socket.closed)
    }).pipe(Effect.scoped)
  )

  it.effect("one whose port there is not fails as one that cannot be opened", () =>
    Effect.gen(function* () {
      const port = 70_000
      const overTcp = Layer.build(Layer.provide(Listeners.toss({ port }), core))
      const overHttp = Layer.build(Layer.provide(Listeners.sockets({ port }), core))
      assert.strictEqual((yield* Effect.flip(overTcp))._tag, "ListenFailed")
      assert.strictEqual((yield* Effect.flip(overHttp))._tag, "ListenFailed")
    }).pipe(Effect.scoped)
  )

  class Telegraph extends Context.Service<Telegraph, Listener.Bound>()("parlance/test/app/Layers.test/Telegraph") {}

  it.live("a protocol of one's own is served beside a whole server, for the same users", () =>
    Effect.gen(function* () {
      const alice = yield* Clients.chatmaster(urlOf(yield* Telegraph))
      yield* alice.login("alice")
      const bob = yield* Clients.chatmaster(yield* chatmasterUrl)
      yield* bob.login("bob")
      yield* alice.say("hello")
      assert.deepInclude((yield* bob.takeUntil(({ type }) => type === "message")).data, { username: "alice" })
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Listener.tcp(Telegraph, ChatMasterProtocol.make(), { port: 0 }).pipe(Layer.provideMerge(Server.layer(inMemory)))
      )
    )
  )

  for (const isFirst of [true, false]) {
    it.live(`sockets on somebody else's HTTP server, attached ${isFirst ? "before" : "behind"} its routes`, () =>
      Effect.gen(function* () {
        const server = createServer()
        const mine = HttpRouter.add("GET", "/hello", HttpServerResponse.text("mine"))
        const http = HttpRouter.serve(Layer.mergeAll(mine, Routes.files), { disableLogger: true }).pipe(
          Layer.provide(NodeHttpServer.layer(() => server, { port: 0 })),
          Layer.provide(Layer.succeed(HttpRouter.RouterConfig, Routes.routerConfig))
        )
        const sockets = Listeners.socketsOn(server)
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(core, scope)
        const build = <A, E, R>(layer: Layer.Layer<A, E, R>) =>
          Effect.provide(Layer.buildWithScope(layer, scope), context)
        if (!isFirst) yield* build(http)
        const bound = Context.get(yield* build(sockets), Listeners.Sockets)
        if (isFirst) yield* build(http)
        const url = urlOf(bound)
        const get = (path: string) => Effect.promise(() => fetch(`${url}${path}`, { headers: { connection: "close" } }))
        assert.strictEqual(
          yield* Effect.promise(async () => (await fetch(`${url}/hello`, { headers: { connection: "close" } })).text()),
          "mine"
        )
        assert.strictEqual((yield* get("/socket.io/socket.io.js")).status, 200)
        assert.strictEqual((yield* get("/files/nothing/x")).status, 404)
        // Who is still there when the server closes keeps it open.
        yield* Effect.forEach(isFirst ? ["websocket"] : ["websocket", "polling"], (transport) =>
          Effect.gen(function* () {
            const alice = yield* Clients.sockets(url, { transports: [transport] })
            assert.strictEqual(yield* alice.ask("register", `alice by ${transport}`), true)
          }).pipe(Effect.scoped)
        )
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(Object.hasOwn(server, "emit"))
        assert.deepStrictEqual([server.listenerCount("upgrade"), server.listenerCount("request")], [0, 0])
      }).pipe(Effect.scoped)
    )
  }
})

describe("Server.layer()", () => {
  /** Provides a server, with this in front of it. */
  const behind = <I>(layer: Layer.Layer<I>) => Effect.provide(Layer.provide(Server.layer(inMemory), layer))

  const say = (text: string) =>
    Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "Say", text })
    }).pipe(Effect.scoped)

  it.live("one that is built inside of another has its own history and names", () =>
    Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      yield* alice.say("outside")
      const inside = Effect.gen(function* () {
        const namesake = yield* Visitor.make("alice")
        assert.deepStrictEqual(yield* namesake.history(), [])
        return yield* namesake.say("inside")
      }).pipe(Effect.scoped)
      assert.strictEqual((yield* Effect.provide(inside, Server.layer(inMemory))).number, 1)
      assert.strictEqual((yield* Effect.provide(inside, Layer.fresh(Chat.layer))).number, 1)
      assert.deepStrictEqual(
        (yield* alice.history()).map(({ text }) => text),
        ["outside"]
      )
    }).pipe(Effect.scoped, Effect.provide(Server.layer(inMemory)))
  )

  it.live("a history of one's own that throws costs nobody the connection", () =>
    Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      const refused = yield* Effect.flip(alice.say("lost"))
      assert.strictEqual(refused._tag, "StorageFailed")
      assert.strictEqual((yield* Effect.flip(alice.history()))._tag, "StorageFailed")
      assert.strictEqual((yield* Effect.flip(alice.say("")))._tag, "TextEmpty")
    }).pipe(
      Effect.scoped,
      behind(
        Layer.effect(
          History,
          Effect.map(History, (history) => ({
            ...history,
            append: () => {
              throw new Error("oops")
            },
            read: () => Effect.die("oops")
          }))
        ).pipe(Layer.provide(History.layerMemory))
      )
    )
  )

  it.live("uses a history, attachments and a directory that are provided in front, and opens no storage then", () =>
    Effect.gen(function* () {
      const kept: Array<string> = []
      const histories = Layer.effect(
        History,
        Effect.map(History, (history) => ({
          ...history,
          append: (...[roomKey, message, sharesFile]: Parameters<History["Service"]["append"]>) => {
            kept.push(message.text)
            return history.append(roomKey, message, sharesFile)
          }
        }))
      ).pipe(Layer.provide(History.layerMemory))
      const mine = yield* Layer.build(Attachments.layerMemory)
      const directory = Layer.effect(
        Directory,
        Effect.map(Directory, (directory) => ({
          ...directory,
          claim: (claim: NameClaim) => (claim.keys.includes("eve") ? Effect.succeed(false) : directory.claim(claim))
        }))
      ).pipe(Layer.provide(Directory.layer))
      const server = Server.layer({ ...inMemory, storage: "sqlite" }).pipe(
        Layer.provide([histories, Layer.succeedContext(mine), directory])
      )
      yield* Effect.gen(function* () {
        yield* say("to my own history")
        assert.deepStrictEqual(kept, ["to my own history"])
        assert.strictEqual(yield* Attachments, Context.get(mine, Attachments))
        const eve = yield* Effect.flip(Effect.scoped(Visitor.make("eve")))
        assert.strictEqual(eve._tag, "NameTaken")
      }).pipe(Effect.provide(server))
    }).pipe(Effect.scoped)
  )

  it.live("asks a quota that is provided in front", () =>
    Effect.gen(function* () {
      const peer = yield* Effect.flip(Effect.timeout(Clients.chatmaster(yield* chatmasterUrl), "200 millis"))
      assert.strictEqual(peer._tag, "TimeoutError")
    }).pipe(
      Effect.scoped,
      behind(
        Layer.effect(
          Quota,
          Effect.map(Quota, (quota) => ({ ...quota, admit: () => undefined }))
        ).pipe(Layer.provide(Quota.layer))
      )
    )
  )

  it.live("goes by a clock that is provided in front", () =>
    Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      const reply = yield* alice.run({ _tag: "Say", text: "when?" })
      assert.strictEqual(reply._tag === "Accepted" ? reply.message.atMillis : 0, 1234)
    }).pipe(
      Effect.scoped,
      behind(
        Layer.effect(
          Clock.Clock,
          Effect.map(Clock.Clock, (clock) =>
            Object.assign(Object.create(clock) as Clock.Clock, { currentTimeMillisUnsafe: () => 1234 })
          )
        )
      )
    )
  )

  it.live("each is a server of its own: two in one process share nothing", () =>
    Effect.gen(function* () {
      const layer = Server.layer(inMemory)
      const [one, same, other] = yield* Effect.gen(function* () {
        const memo = yield* Layer.makeMemoMap
        const scope = yield* Effect.scope
        const build = (layer: ReturnType<typeof Server.layer>) => Layer.buildWithMemoMap(layer, memo, scope)
        return [yield* build(layer), yield* build(layer), yield* build(Server.layer(inMemory))] as const
      })
      assert.strictEqual(Context.get(one, Server), Context.get(same, Server))
      assert.notStrictEqual(Context.get(one, Chat), Context.get(other, Chat))
      const alice = yield* Effect.provide(Visitor.make("alice"), one)
      const namesake = yield* Effect.provide(Visitor.make("alice"), other)
      yield* alice.run({ _tag: "Say", text: "in one" })
      const bob = yield* Effect.provide(Visitor.make("bob"), other)
      yield* bob.run({ _tag: "Say", text: "in the other" })
      const heard = yield* namesake.heard.pipe(
        Stream.map(({ event }) => (event._tag === "Said" ? event.message.text : "")),
        Stream.filter((text) => text !== ""),
        Stream.runHead
      )
      assert.deepStrictEqual(heard, Option.some("in the other"))
    }).pipe(Effect.scoped)
  )
})

describe("Settings", () => {
  const valuesOf = (input: SettingsInput) => Settings.config(input)

  it.effect("are given as values, as operators write them, or from Config", () =>
    Effect.gen(function* () {
      const values = yield* valuesOf({
        rooms: ["lobby", "a, b"],
        httpPort: Config.Port("MY_PORT"),
        tossPort: "off",
        chatmasterPort: undefined,
        uploadTimeout: "5 seconds",
        loginTimeout: Duration.seconds(3),
        drainTimeout: 1500,
        fileLimitBytes: "64KiB",
        textLimitBytes: 1000,
        pacing: false,
        httpOrigins: ["https://chat.example"]
      })
      assert.deepInclude<unknown>(values, {
        rooms: ["general", "lobby", "a, b"],
        httpPort: 8081,
        tossPort: undefined,
        chatmasterPort: undefined,
        textLimitBytes: 1000,
        fileLimitBytes: 65_536,
        pacing: false,
        httpOrigins: ["https://chat.example"],
        host: "0.0.0.0"
      })
      assert.deepStrictEqual(
        [values.uploadTimeout, values.loginTimeout, values.drainTimeout].map(Duration.toMillis),
        [5000, 3000, 1500]
      )
    }).pipe(
      Effect.provide(
        ConfigProvider.layer(
          ConfigProvider.fromUnknown({ MY_PORT: "8081", PARLANCE_HOST: "0.0.0.0", PARLANCE_TEXT_LIMIT_BYTES: "5" })
        )
      )
    )
  )

  it.effect("are refused in words that name what was expected", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [SettingsInput, string]> = [
        [{ httpPort: 70_000 }, "70000"],
        [{ floodRate: -1 }, "-1"],
        [{ uploadTimeout: "soon" }, "soon"],
        [{ uploadTimeout: 0 }, "0"],
        [{ rooms: ["x".repeat(65)] }, "x"],
        [{ fileLimitBytes: 1.5 }, "1.5"]
      ]
      for (const [input, shown] of wrong) {
        const error = yield* Effect.flip(valuesOf(input))
        assert.strictEqual(error._tag, "SettingInvalid")
        assert.include(error.message, shown)
        assert.include(error.message, "expected")
      }
    })
  )
})

describe("Storage", () => {
  it.effect("in memory is a layer of its own", () =>
    Effect.gen(function* () {
      yield* History
      yield* Attachments
      yield* StorageHealth
    }).pipe(Effect.provide(Storage.layerMemory))
  )
})
