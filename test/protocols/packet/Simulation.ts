/**
 * Runs of the packet protocol over a bad network: a few clients talk, and one gives another a file.
 *
 * A run is a function of its seed: what is said, what the network does to it and how long the store takes.
 */
import { Effect, Layer, References, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as PacketProtocol from "../../../src/protocols/packet/PacketProtocol.ts"
import { Attachments, type StoredFile } from "../../../src/services/Attachments.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { Chat } from "../../../src/services/Chat.ts"
import { History } from "../../../src/services/History.ts"
import * as Limits from "../../../src/services/Limits.ts"
import { LossyNetwork } from "../../../src/testing/mod.ts"
import { Connections } from "../../../src/transports/Connections.ts"
import * as SimulatedClient from "./SimulatedClient.ts"

/** Pauses between repetitions double, so a message that is unlucky ten times takes nine minutes. */
const limitMillis = 3_600_000
const tickMillis = 100

/** Files in memory, which take a while to be stored: by the Clock, so that a run stays a function of its seed. */
const slowStore = (keepMillis: number): Layer.Layer<Attachments> =>
  Layer.sync(Attachments, () => {
    const files = new Map<number, { readonly file: StoredFile; readonly content: Uint8Array }>()
    let lastNumber = 0
    return Attachments.of({
      isRoomFor: () => Effect.succeed(true),
      begin: (sizeBytes) =>
        Effect.sync(() => {
          const content = new Uint8Array(sizeBytes)
          const number = ++lastNumber
          return {
            number,
            write: (bytes, atByte) => Effect.sync(() => content.set(bytes, atByte)),
            keep: (name) =>
              Effect.delay(
                Effect.sync(() => {
                  const file = { number, id: `id${number}`, name, sizeBytes, sha256: "", atMillis: 0 }
                  files.set(number, { file, content })
                  return file
                }),
                keepMillis
              )
          }
        }),
      find: (number) => Effect.sync(() => files.get(number)?.file),
      findById: () => Effect.as(Effect.void, undefined),
      read: ({ number }, range) => {
        const { content } = files.get(number)!
        const { atByte, sizeBytes } = range ?? { atByte: 0, sizeBytes: content.length }
        return Stream.make(content.slice(atByte, atByte + sizeBytes))
      },
      open: ({ number }) => {
        const { content } = files.get(number)!
        return Effect.succeed({
          read: (atByte, sizeBytes) => Effect.sync(() => content.slice(atByte, atByte + sizeBytes))
        })
      }
    })
  })

/** A chat whose users may say as much as they like. */
export const chat = (keepMillis: number) =>
  Connections.layer.pipe(
    Layer.provideMerge(Chat.layerNoStorage),
    Layer.provideMerge(Layer.merge(History.layerMemory, slowStore(keepMillis))),
    Layer.provide(Layer.succeed(Limits.Limits, { ...Limits.defaults, floodRate: 0 })),
    Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "None"))
  )

type Protocol = ReturnType<typeof PacketProtocol.make>

const protocol = (dice: LossyNetwork.Dice, nowMillis: () => number): Protocol => {
  const half = () => BigInt(dice.below(2 ** 32))
  return PacketProtocol.make({ nowMillis, random: () => (half() << 32n) | half() })
}

/** Makes another protocol of one. */
export type Wrap = (protocol: Protocol) => Protocol

/** A network with the server of a seed on it. */
export const serve = Effect.fnUntraced(function* (
  seed: number,
  wrap: Wrap = (it) => it,
  conditions: Partial<LossyNetwork.Conditions> = {}
) {
  const clock = yield* Effect.clockWith(Effect.succeed)
  const server = protocol(LossyNetwork.dice(~seed), () => clock.currentTimeMillisUnsafe())
  return yield* LossyNetwork.make(wrap(server), { seed, conditions })
})

/** A client on a network, which looks after itself. */
export const connect = (
  network: LossyNetwork.LossyNetwork,
  options: {
    readonly name: string
    readonly address: string
    readonly window: number
    readonly everybody: number
    readonly isQuiet?: boolean
  }
) => {
  const { everybody, isQuiet = false } = options
  const peer: LossyNetwork.Peer = network.join(options.address, (bytes) => client.receive(bytes))
  const client = SimulatedClient.make({ ...options, nowMillis: network.nowMillis, send: peer.send })
  const tick = (): void => {
    client.tick()
    const isWaiting = client.user() !== undefined && client.isDone() && client.users.size < everybody
    if (isWaiting && !isQuiet) client.findUsers()
    network.after(tickMillis, tick)
  }
  client.logIn()
  tick()
  return { client, peer }
}

/** Lets time pass until something is so, an hour at most; says whether it is. */
export const until = (network: LossyNetwork.LossyNetwork, isSo: () => boolean): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const endMillis = network.nowMillis() + limitMillis
    const isOver = () => isSo() || network.nowMillis() >= endMillis
    return Effect.map(Effect.repeat(TestClock.adjust("500 millis"), { while: () => !isOver() }), isSo)
  })

const sizes = [0, 1, 255, 256, 257, undefined, undefined, undefined]

/** What a run is about, by its seed. */
const plan = (seed: number) => {
  const dice = LossyNetwork.dice(~seed)
  const names = ["ada", "bob", "cyd"].slice(0, 2 + dice.below(2))
  const content = new Uint8Array(sizes[seed % sizes.length] ?? 258 + dice.below(6000))
  for (let index = 0; index < content.length; index++) content[index] = dice.below(256)
  /** What each says, in order: to one of the others or to everybody. */
  const sayings = new Map(
    names.map((from) => {
      const others = names.filter((name) => name !== from)
      const to = others.flatMap((name) => Array.from({ length: 2 + dice.below(3) }, () => name as string | undefined))
      for (let count = 1 + dice.below(3); count > 0; count--) to.splice(dice.below(to.length + 1), 0, undefined)
      return [from, to.map((to, index) => ({ to, text: `${from} ${index} ${"é".repeat(dice.below(60))}` }))] as const
    })
  )
  return { content, keepMillis: dice.below(900), names, sayings, window: 1 + dice.below(8) }
}

const problemIf = (problem: string, isThere: boolean): ReadonlyArray<string> => (isThere ? [problem] : [])

/** Runs a seed to its end; says what went wrong, and what happened. */
export const simulate = (seed: number, wrap?: Wrap) => {
  const { content, keepMillis, names, sayings, window } = plan(seed)
  return Effect.gen(function* () {
    const { counts } = yield* Metrics
    const network = yield* serve(seed, wrap)
    const clients = names.map((name, index) => {
      const address = `192.0.2.${index + 1}:4000`
      return connect(network, { name, address, window, everybody: names.length }).client
    })
    yield* until(network, () => clients.every(({ users }) => users.size === names.length))
    let file: bigint | undefined
    clients[0]!.upload("file.bin", content, (number) => {
      file = number
    })
    for (const client of clients) {
      for (const { text, to } of sayings.get(client.name)!) {
        client.say(text, to === undefined ? undefined : client.users.get(to)!)
      }
    }
    const isAnnounced = ({ text }: SimulatedClient.Shown) => text.includes("[file ")
    yield* until(network, () => file !== undefined && clients[1]!.shown.some(isAnnounced))
    if (file !== undefined) clients[1]!.download(file)

    const from = (reader: SimulatedClient.SimulatedClient, name: string) =>
      reader.shown.filter(({ user }) => user === reader.users.get(name))
    const isMeant = (reader: string, to: string | undefined) => to === undefined || to === reader
    const expected = (reader: string, name: string) =>
      sayings.get(name)!.flatMap(({ text, to }) => (name !== reader && isMeant(reader, to) ? [text] : []))
    const messages = names.flatMap((reader) => names.flatMap((name) => expected(reader, name))).length
    const announcements = names.length - 1
    const shown = () => clients.flatMap((client) => client.shown).length
    const isWhole = () => file !== undefined && clients[1]!.downloaded.has(file)
    const isOver = yield* until(
      network,
      () => shown() >= messages + announcements && isWhole() && clients.every((client) => client.isDone())
    )
    // What is still on its way must not change anything.
    yield* TestClock.adjust("2 seconds")

    const problems = clients.flatMap((client) => {
      const told = names.flatMap((name) => {
        const got = from(client, name).filter((it) => !isAnnounced(it))
        const texts = got.map(({ text }) => text)
        const wanted = expected(client.name, name)
        return problemIf(
          `${client.name} was shown of ${name}\n  ${texts.join("\n  ")}\nnot\n  ${wanted.join("\n  ")}`,
          texts.length !== wanted.length || texts.some((text, index) => text !== wanted[index])
        )
      })
      const announcements = client.shown.filter(isAnnounced).length
      return [
        ...told,
        ...problemIf(
          `the server said ${client.remarks.join()} to ${client.name}`,
          client.remarks.length > 1 || client.remarks.some((text) => text !== "Hello")
        ),
        ...problemIf(
          `${client.name} was told ${announcements} files`,
          announcements !== (client === clients[0] ? 0 : 1)
        ),
        ...client.errors.map(({ code, requestType, text }) => `${client.name}: ${requestType} got ${code}, ${text}`)
      ]
    })
    const got = file === undefined ? undefined : clients[1]!.downloaded.get(file)
    const isSame = got !== undefined && Buffer.compare(got.content, content) === 0 && got.name === "file.bin"
    problems.push(
      ...problemIf("something was not answered or shown for an hour", !isOver),
      ...problemIf(`the file of ${content.length} bytes has not arrived as it was`, !isSame),
      ...problemIf("a session was lost", counts.sessions !== names.length || counts.logins !== names.length),
      ...network.defects.map((defect) => `defect: ${String(defect)}`)
    )
    return { problems, trace: network.trace }
  }).pipe(Effect.scoped, Effect.provide(chat(keepMillis), { local: true }))
}
