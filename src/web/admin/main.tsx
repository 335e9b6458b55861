/** Starts the operator's page. */
import { render } from "preact"
import * as Desk from "./Desk.ts"
import { OperatorPage } from "./OperatorPage.tsx"

const desk = Desk.make()
void desk.begin()
render(<OperatorPage desk={desk} />, document.getElementById("page")!)
