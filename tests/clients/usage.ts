// A client in TypeScript, as somebody would write it who has the document only. It is compiled, strictly, not run.
import createClient from "openapi-fetch";
import type { components, operations, paths } from "./schema";

type Schemas = components["schemas"];

/** Every operation of the document; bin/clients puts the names here and compares. */
export type OperationName = keyof operations;

const service = createClient<paths>({ baseUrl: "http://127.0.0.1:8080" });

const card: Schemas["RegisterCard"] = {
  assetName: "核桃脱皮清洗烘干生产线",
  assetContent: "生产线一套",
  assetClass: "OPERATING",
  assetType: "PROCESSING",
  completionDate: "2024-10-30",
  quantity: "1",
  unitOfMeasure: "套",
  originalValue: "1000000.00",
  location: "653022202208",
  implementer: "COMMERCE",
  implementerKind: "DEPARTMENT",
  fundingLines: [{ source: "FISCAL_DEV", amount: "1000000.00", allocatedOn: "2024-06-12" }],
};

/** Register an asset and book it; the code of the asset. */
export async function registered(key: string): Promise<string> {
  const made = await service.POST("/v1/assets", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    headers: { Authorization: `Bearer ${key}` },
    body: { card },
  });
  if (made.error !== undefined) {
    const problem: Schemas["ProblemBody"] = made.error;
    throw new Error(`${problem.code} ${problem.clause ?? ""} ${problem.detail}`);
  }
  const answer: Schemas["AssetAnswer"] = made.data;
  const booked = await service.POST("/v1/assets/{asset}/bookings", {
    params: {
      path: { asset: answer.id },
      header: { "Idempotency-Key": crypto.randomUUID(), "If-Match": `"${answer.version}"` },
    },
    headers: { Authorization: `Bearer ${key}` },
    body: { booking: { party: "653022202208", amount: "1000000.00", voucherNo: "记-001", bookedOn: "2024-12-29" } },
  });
  return booked.data?.id ?? answer.id;
}

/** Net book value of a village's assets as of a day, in yuan. */
export async function netBookValue(key: string, day: string): Promise<string[]> {
  const page = await service.GET("/v1/ledgers/asset-register", {
    params: { query: { as_of: day, location: "653022202208" } },
    headers: { Authorization: `Bearer ${key}` },
  });
  if (page.data === undefined || typeof page.data === "string") return []; // text is what a file was asked for
  return page.data.rows.map((row) => row.netBookValue);
}

// What must not compile: a typo in a field, a number for money, a missing key.
// @ts-expect-error a field the document does not have
export const misspelt: Schemas["RegisterCard"] = { ...card, assetNmae: "" };
// @ts-expect-error money is a string of yuan
export const number: Schemas["Booking"] = { party: "X", amount: 1, voucherNo: "1", bookedOn: "2024-12-29" };
// @ts-expect-error every write has an idempotency key
export const careless = () => service.POST("/v1/assets", { params: { header: {} }, body: { card } });
