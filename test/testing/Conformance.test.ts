import { it } from "@effect/vitest"
import { conformance } from "../../src/testing/mod.ts"
import * as Subjects from "./Subjects.ts"

// One line for each protocol.
conformance(it.effect, Subjects.chatmaster)
conformance(it.effect, Subjects.packet)
conformance(it.effect, Subjects.sockets)
conformance(it.effect, Subjects.toss)
conformance(it.effect, Subjects.tsockm)
