/** Starts the chat page. */
import { render } from "preact"
import { App } from "./components/App.tsx"
import * as Attention from "./state/Attention.ts"
import * as Model from "./state/Model.ts"

const attention = Attention.make()
const model = Model.make(attention.notify)
attention.watch(model)
render(<App model={model} attention={attention} />, document.getElementById("page")!)
