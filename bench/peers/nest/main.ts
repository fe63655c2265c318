import { Module, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { answerWith } from '../../child.js';
import { CallbackController } from './callback.controller.js';
import { CallbackLog, Group, GroupMember } from './entities.js';
import { GroupsService } from './groups.service.js';

const [databaseUrl, port] = process.argv.slice(2);

/** An ordinary receiver: a validated DTO, and TypeORM's repositories in a transaction. */
@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: databaseUrl,
      entities: [Group, GroupMember, CallbackLog],
    }),
  ],
  controllers: [CallbackController],
  providers: [GroupsService],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false, rawBody: true });
app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
await app.listen(Number(port), '127.0.0.1');

answerWith(() => Promise.resolve());
