import { assert, it } from "@effect/vitest"
import { SharedEvent, PersonalEvent } from "../../../src/domain/Event.ts"
it.prop("x", [SharedEvent, PersonalEvent], ([e,p]) => { console.log(JSON.stringify(e).slice(0,200), JSON.stringify(p).slice(0,100)) })
