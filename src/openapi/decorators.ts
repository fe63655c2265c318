import type * as swagger from '@nestjs/swagger';

type Swagger = typeof swagger;
type Name = { [K in keyof Swagger]: K extends `Api${string}` ? K : never }[keyof Swagger];
type Decorate = (...target: unknown[]) => void;

/** Descriptions of routes and fields that `describeAll` has not given to `@nestjs/swagger` yet. */
const waiting: ((library: Swagger) => void)[] = [];

/**
 * Returns a decorator of `@nestjs/swagger` that takes effect in `describeAll`: the library is 500 files, and only a reader of the OpenAPI
 * document needs it.
 */
function later<N extends Name>(name: N): Swagger[N] {
  const decorator =
    (...options: unknown[]): Decorate =>
    (...target) => {
      waiting.push((library) => (library[name] as (...args: unknown[]) => Decorate)(...options)(...target));
    };
  return decorator as Swagger[N];
}

/** Decorates all routes and fields, in the order of their declaration. */
export function describeAll(library: Swagger): void {
  waiting.splice(0).forEach((describe) => describe(library));
}

/** Returns the reference to the schema of a class. */
export const schemaPath = ({ name }: { name: string }): string => `#/components/schemas/${name}`;

export const ApiAcceptedResponse = later('ApiAcceptedResponse');
export const ApiBadGatewayResponse = later('ApiBadGatewayResponse');
export const ApiBadRequestResponse = later('ApiBadRequestResponse');
export const ApiBasicAuth = later('ApiBasicAuth');
export const ApiBearerAuth = later('ApiBearerAuth');
export const ApiBody = later('ApiBody');
export const ApiConflictResponse = later('ApiConflictResponse');
export const ApiDefaultResponse = later('ApiDefaultResponse');
export const ApiExcludeController = later('ApiExcludeController');
export const ApiExtraModels = later('ApiExtraModels');
export const ApiGoneResponse = later('ApiGoneResponse');
export const ApiHeader = later('ApiHeader');
export const ApiNotFoundResponse = later('ApiNotFoundResponse');
export const ApiOkResponse = later('ApiOkResponse');
export const ApiOperation = later('ApiOperation');
export const ApiParam = later('ApiParam');
export const ApiProduces = later('ApiProduces');
export const ApiProperty = later('ApiProperty');
export const ApiPropertyOptional = later('ApiPropertyOptional');
export const ApiServiceUnavailableResponse = later('ApiServiceUnavailableResponse');
export const ApiTags = later('ApiTags');
export const ApiTooManyRequestsResponse = later('ApiTooManyRequestsResponse');
export const ApiUnauthorizedResponse = later('ApiUnauthorizedResponse');
