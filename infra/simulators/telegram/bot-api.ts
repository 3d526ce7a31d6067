// The part of the Bot API's JSON that the simulator uses. The field names are Telegram's.

export interface Entity {
  type:
    | 'mention'
    | 'hashtag'
    | 'bot_command'
    | 'url'
    | 'email'
    | 'bold'
    | 'italic'
    | 'underline'
    | 'strikethrough'
    | 'spoiler'
    | 'blockquote'
    | 'expandable_blockquote'
    | 'code'
    | 'pre'
    | 'text_link'
    | 'custom_emoji'
    | 'date_time'
  /** In UTF-16 units, like `length`. */
  offset: number
  length: number
  url?: string
  language?: string
  custom_emoji_id?: string
  unix_time?: number
  /** What the app shows of a `date_time`; '' shows the text. */
  date_time_format?: string
}

export interface InlineButton {
  text: string
  url?: string
  callback_data?: string
  copy_text?: { text: string }
}

export interface InlineKeyboard {
  inline_keyboard: InlineButton[][]
}

export interface User {
  id: number
  is_bot: boolean
  first_name: string
  username?: string
  language_code?: string
}

export interface ApiChat {
  id: number
  type: 'private' | 'group' | 'supergroup'
  first_name?: string
  username?: string
  title?: string
  is_forum?: true
}

export interface PhotoSize {
  file_id: string
  file_unique_id: string
  width: number
  height: number
  file_size: number
}

/** A file that is not a photo, in the JSON of the Bot API. */
export interface Document {
  file_id: string
  file_unique_id: string
  file_name: string
  mime_type: string
  file_size: number
}

export interface Message {
  message_id: number
  from?: User
  chat: ApiChat
  date: number
  edit_date?: number
  message_thread_id?: number
  is_topic_message?: true
  reply_to_message?: Message
  text?: string
  entities?: Entity[]
  photo?: PhotoSize[]
  document?: Document
  caption?: string
  caption_entities?: Entity[]
  reply_markup?: InlineKeyboard
  migrate_to_chat_id?: number
  migrate_from_chat_id?: number
}

/** A member by the documentation of the Bot API: each status has fields of its own. */
export type ChatMember = { user: User } & (
  | { status: 'creator'; is_anonymous: boolean }
  | ({ status: 'administrator'; can_be_edited: boolean; is_anonymous: boolean } & Record<AdministratorRight, boolean>)
  | { status: 'member' }
  | { status: 'left' }
  | { status: 'kicked'; until_date: number }
)

/** The rights that every administrator has or has not. */
export type AdministratorRight =
  | 'can_manage_chat'
  | 'can_delete_messages'
  | 'can_manage_video_chats'
  | 'can_restrict_members'
  | 'can_promote_members'
  | 'can_change_info'
  | 'can_invite_users'
  | 'can_post_stories'
  | 'can_edit_stories'
  | 'can_delete_stories'

export interface Update {
  update_id: number
  message?: Message
  callback_query?: {
    id: string
    from: User
    message?: Message | { chat: ApiChat; message_id: number; date: 0 }
    chat_instance: string
    data: string
  }
  inline_query?: { id: string; from: User; query: string; offset: string }
  my_chat_member?: {
    chat: ApiChat
    from: User
    date: number
    old_chat_member: ChatMember
    new_chat_member: ChatMember
  }
}

export type UpdateKind = 'message' | 'callback_query' | 'inline_query' | 'my_chat_member'

export interface BotCommand {
  command: string
  description: string
}

export interface WebhookInfo {
  url: string
  has_custom_certificate: boolean
  pending_update_count: number
  last_error_date?: number
  last_error_message?: string
  max_connections?: number
  ip_address?: string
  allowed_updates?: string[]
}
